using System.Diagnostics.CodeAnalysis;
using Npgsql;
using Orleans.GrainDirectory;
using Orleans.Metadata;
using Orleans.Runtime;
using Orleans.Runtime.GrainDirectory;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// Where journals are, kept in PostgreSQL. Orleans' own directory is spread over the silos: when one dies, every
/// activation that was registered with it must end and begin anew wherever it lives, and a journal cannot end while
/// readers wait at it. Kept here, an entry outlives every silo: a dead silo costs only its own journals, and each
/// journal has one activation at a time. (Correctness does not rest on that: the fence in the store does it.) Silos
/// remember entries, so a call costs no look-up here. Failures are refusals: nothing has been done yet when a grain is
/// looked for.
/// </summary>
internal sealed class PostgresGrainDirectory(NpgsqlDataSource source, StoreOutageReporter? outages = null)
    : IGrainDirectory, IGrainDirectoryResolver
{
    /// <summary>Between the attempts of one registration another silo's came and went.</summary>
    private const int MaxAttempts = 5;

    // The update of a conflicting row happens only when it is the one that the caller knows of.
    private const string RegisterSql =
        """
        with mine as (
            insert into store.activations as a (grain, activation, silo, membership_version) values ($1, $2, $3, $4)
            on conflict (grain) do update
                set activation = excluded.activation, silo = excluded.silo,
                    membership_version = excluded.membership_version
                where a.activation = $5 and a.silo = $6
            returning grain, activation, silo, membership_version
        )
        select activation, silo, membership_version from mine
        union all
        select activation, silo, membership_version from store.activations
        where grain = $1 and not exists (select from mine)
        """;

    private const string LookupSql =
        "select activation, silo, membership_version from store.activations where grain = $1";

    private const string UnregisterSql = "delete from store.activations where grain = $1 and activation = $2";

    private const string UnregisterSilosSql = "delete from store.activations where silo = any($1)";

    private static readonly GrainType Journals = GrainType.Create("journal");

    /// <inheritdoc/>
    public bool TryResolveGrainDirectory(
        GrainType grainType, GrainProperties? properties, [NotNullWhen(true)] out IGrainDirectory? grainDirectory)
    {
        grainDirectory = grainType == Journals ? this : null;
        return grainDirectory is not null;
    }

    /// <inheritdoc/>
    public Task<GrainAddress?> Register(GrainAddress address) => Register(address, null);

    /// <inheritdoc/>
    public async Task<GrainAddress?> Register(GrainAddress address, GrainAddress? previousAddress)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var found = await ReadAsync(
                RegisterSql,
                address.GrainId,
                address.ActivationId.ToParsableString(),
                address.SiloAddress!.ToParsableString(),
                address.MembershipVersion.Value,
                previousAddress?.ActivationId.ToParsableString() ?? "",
                previousAddress?.SiloAddress?.ToParsableString() ?? "");
            if (found is not null)
            {
                return found;
            }
        }

        throw new StoreUnavailableException($"{address.GrainId} changes hands too fast to be registered; try again");
    }

    /// <inheritdoc/>
    public Task<GrainAddress?> Lookup(GrainId grainId) => ReadAsync(LookupSql, grainId);

    /// <inheritdoc/>
    public Task Unregister(GrainAddress address) =>
        RunAsync(UnregisterSql, static command => command.ExecuteNonQueryAsync(),
            address.GrainId.ToString(), address.ActivationId.ToParsableString());

    /// <inheritdoc/>
    public Task UnregisterSilos(List<SiloAddress> siloAddresses) =>
        RunAsync(UnregisterSilosSql, static command => command.ExecuteNonQueryAsync(),
            (object)siloAddresses.Select(static s => s.ToParsableString()).ToArray());

    private Task<GrainAddress?> ReadAsync(string sql, GrainId grain, params object[] arguments) => RunAsync(
        sql,
        async command =>
        {
            await using var reader = await command.ExecuteReaderAsync();
            return !await reader.ReadAsync() ? null : new GrainAddress
            {
                GrainId = grain,
                ActivationId = ActivationId.FromParsableString(reader.GetString(0)),
                SiloAddress = SiloAddress.FromParsableString(reader.GetString(1)),
                MembershipVersion = new MembershipVersion(reader.GetInt64(2)),
            };
        },
        [grain.ToString(), .. arguments]);

    private async Task<T> RunAsync<T>(string sql, Func<NpgsqlCommand, Task<T>> run, params object[] arguments)
    {
        try
        {
            await using var command = source.CreateCommand(sql);
            foreach (var argument in arguments)
            {
                command.Parameters.Add(new NpgsqlParameter { Value = argument });
            }

            var result = await run(command);
            outages?.Answered();
            return result;
        }
        catch (NpgsqlException error)
        {
            outages?.Failed(error);
            throw new StoreUnavailableException($"PostgreSQL cannot say where a journal is: {error.Message}");
        }
    }
}
