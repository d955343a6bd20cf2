using System.CommandLine;
using System.Net.Sockets;
using Npgsql;
using OrleansOrchestrator.Grains.Encryption;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary><c>orc silo</c>: one silo in the foreground; what <c>up</c> runs, and how further silos join.</summary>
internal static class SiloCommand
{
    public static Command Create()
    {
        var options = new SiloCommandOptions();
        var command = new GroupedCommand(
            "silo", "Run one silo: the API, the controllers and the scheduler.", options.Groups);
        command.SetAction((parsed, cancellationToken) => RunAsync(options.Read(parsed), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(SiloOptions asked, CancellationToken cancellationToken)
    {
        StoreConnectionString.Check(asked.ConnectionString);
        if (asked is { Audit.Sql: not null, ConnectionString: null })
        {
            throw new UserErrorException("--audit-sql-days needs --connection: without one there is no SQL.");
        }

        if (asked is { EncryptionFile: not null, ConnectionString: null })
        {
            throw new UserErrorException(
                "--encryption-provider-config needs --connection: without one nothing is written that could be "
                    + "encrypted.");
        }

        if (asked is { ReloadsEncryption: true, EncryptionFile: null })
        {
            throw new UserErrorException(
                "--encryption-provider-config-automatic-reload must be set with --encryption-provider-config");
        }

        var options = FreePorts.Take(asked);
        await using var app = SiloHost.Build(options);
        if (options.ConnectionString is { } connection)
        {
            await PrepareStoreAsync(
                connection, options, app.Services.GetService<EncryptionInUse>()?.Current, app.Logger,
                cancellationToken);
        }

        await app.StartAsync(cancellationToken);
        var credentials = app.Services.GetRequiredService<CredentialWriter>();
        try
        {
            await credentials.WriteAsync(cancellationToken);
        }
        catch
        {
            // In order, so that the reason is the last thing said and not followed by what loses its services.
            await app.StopAsync(CancellationToken.None);
            throw;
        }

        app.Logger.LogInformation("The API answers on {Url}; {Access}", credentials.LocalUrl, Access(options));
        await app.WaitForShutdownAsync(cancellationToken);
        return 0;
    }

    private static string Access(SiloOptions options) => options switch
    {
        { AdminKubeconfig: { } file } => $"export KUBECONFIG={Path.GetFullPath(file)}",
        { TokenFile: { } file } => $"bearer tokens are those of {file}",
        _ => "start with --admin-kubeconfig FILE to get a kubeconfig",
    };

    private static async Task PrepareStoreAsync(
        string connection, SiloOptions options, EncryptionConfiguration? encryption, ILogger logger,
        CancellationToken cancellationToken)
    {
        try
        {
            await StoreMigrations.ApplyAsync(connection, logger, cancellationToken);
            await using var source = PostgresDataSources.ForOnce(connection);
            await using var once = await source.OpenConnectionAsync(cancellationToken);
            await StoreKeys.CheckAsync(once, encryption, cancellationToken);
            var room = await options.StoreConnections.CheckAsync(once, cancellationToken);
            Say(logger, options.StoreConnections, room);
            await NetworksOf(options).NoteAsync(once, cancellationToken);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or SocketException)
        {
            throw new UserErrorException(
                $"{StoreConnectionString.Describe(connection)} cannot be used: {error.Message}");
        }
    }

    private static StoreNetworks NetworksOf(SiloOptions options) => new(
        string.Join(',', (options.PodNetworks ?? new ControllersOptions().PodNetworks).Select(static n => n.Network)),
        string.Join(',', options.Services.Cidrs),
        new PortRange(options.Services.FirstNodePort, options.Services.LastNodePort).ToString());

    private static void Say(ILogger logger, StoreConnections connections, ConnectionRoom room)
    {
        logger.LogInformation(
            "This silo holds up to {Total} connections to PostgreSQL ({Journals} for journals, {Orleans} for Orleans' "
                + "tables), which takes {Limit}",
            connections.Total, connections.Journals, connections.Orleans, room.Limit);
        if ((room.Silos + 1) * connections.Total > room.Limit)
        {
            logger.LogWarning(
                "{Silos} silos with up to {Total} connections each are more than the {Limit} that PostgreSQL takes: "
                    + "under load some requests will be refused; raise max_connections, or give every silo fewer with "
                    + "--store-connections",
                room.Silos + 1, connections.Total, room.Limit);
        }
    }
}
