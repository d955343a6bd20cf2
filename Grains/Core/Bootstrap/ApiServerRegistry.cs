using Npgsql;
using Orleans.Runtime;

namespace OrleansOrchestrator.Grains.Core.Bootstrap;

/// <summary>Where a silo serves the API.</summary>
public readonly record struct ApiServer(string Address, int Port);

/// <summary>
/// Who serves the API. Upstream's API servers keep a lease each in etcd, with a short life, and each of them makes the
/// endpoints of the <c>kubernetes</c> Service what the leases say: whoever dies or stops is taken out by the others,
/// and nobody overwrites anybody.
/// </summary>
public interface IApiServerRegistry
{
    /// <summary>How long an entry lives without renewal.</summary>
    static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(15);

    /// <summary>Renews the entries of this silo, and answers with all that live.</summary>
    Task<IReadOnlyList<ApiServer>> RenewAsync(
        IReadOnlyList<string> addresses, int port, CancellationToken cancellationToken);

    /// <summary>Takes this silo out, and answers with the others.</summary>
    Task<IReadOnlyList<ApiServer>> LeaveAsync(CancellationToken cancellationToken);

    /// <summary>Each time somebody may have come or gone before its entry says so.</summary>
    IAsyncEnumerable<object> ChangesAsync(CancellationToken cancellationToken);
}

/// <summary>One silo alone, in memory.</summary>
internal sealed class OwnApiServer : IApiServerRegistry
{
    /// <inheritdoc/>
    public Task<IReadOnlyList<ApiServer>> RenewAsync(
        IReadOnlyList<string> addresses, int port, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<ApiServer>>([.. addresses.Select(a => new ApiServer(a, port))]);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ApiServer>> LeaveAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<ApiServer>>([]);

    /// <inheritdoc/>
    public IAsyncEnumerable<object> ChangesAsync(CancellationToken cancellationToken) =>
        AsyncEnumerable.Empty<object>();
}

/// <summary>
/// Entries in PostgreSQL, whose clock alone decides what has expired. Entries of silos that membership knows to be dead
/// do not count even before that.
/// </summary>
internal sealed class PostgresApiServerRegistry(
    NpgsqlDataSource source, ILocalSiloDetails self, IClusterMembershipService membership) : IApiServerRegistry
{
    private const string Renew =
        """
        insert into store.api_servers (silo, address, port, expires_at) select $1, unnest($2), $3, now() + $4
        on conflict (silo, address) do update set port = excluded.port, expires_at = excluded.expires_at
        """;

    private const string Leave = "delete from store.api_servers where silo = $1";

    private const string Expire = "delete from store.api_servers where expires_at < now()";

    private const string Select =
        "select silo, address, port from store.api_servers where expires_at >= now() order by address, port";

    private string Self => self.SiloAddress.ToParsableString();

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ApiServer>> RenewAsync(
        IReadOnlyList<string> addresses, int port, CancellationToken cancellationToken)
    {
        await ExecuteAsync(Renew, cancellationToken, Self, addresses.ToArray(), port, IApiServerRegistry.Lifetime);
        await ExecuteAsync(Expire, cancellationToken);
        return await ReadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ApiServer>> LeaveAsync(CancellationToken cancellationToken)
    {
        await ExecuteAsync(Leave, cancellationToken, Self);
        return await ReadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<object> ChangesAsync(CancellationToken cancellationToken) => membership.MembershipUpdates;

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken, params object[] arguments)
    {
        await using var command = source.CreateCommand(sql);
        foreach (var argument in arguments)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = argument });
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<IReadOnlyList<ApiServer>> ReadAsync(CancellationToken cancellationToken)
    {
        var members = membership.CurrentSnapshot.Members;
        var found = new List<ApiServer>();
        await using var command = source.CreateCommand(Select);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var silo = SiloAddress.FromParsableString(reader.GetString(0));
            if (!members.TryGetValue(silo, out var member) || member.Status != SiloStatus.Dead)
            {
                found.Add(new ApiServer(reader.GetString(1), reader.GetInt32(2)));
            }
        }

        return found;
    }
}
