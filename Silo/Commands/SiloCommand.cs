using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Npgsql;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Grains.Cloud.BareMetal;
using OrleansOrchestrator.Grains.Encryption;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary><c>orc silo</c>: one silo in the foreground; what <c>up</c> runs, and how further silos join.</summary>
internal static class SiloCommand
{
    public static Command Create()
    {
        var connection = CommonOptions.Connection(
            "PostgreSQL 15 or newer, in Npgsql's form; several hosts for failover. Without it all is kept in memory and lost at exit.");
        var bind = CommonOptions.Address("--bind-address", "Where the API listens.", IPAddress.Any);
        var port = CommonOptions.Port("--port", "Where the API listens; 0 takes a free port.", 6443, mayBeAny: true);
        var advertise = CommonOptions.Address(
            "--advertise-address", "The address at which pods and nodes reach this API.", IPAddress.Loopback);
        var siloAddress = CommonOptions.Address(
            "--silo-address", "Where other silos reach this one.", IPAddress.Loopback);
        var siloPort = CommonOptions.Port(
            "--silo-port",
            "Where other silos reach this one; every silo on a machine needs its own, and 0 takes a free port. " +
                "Without --connection there are no others.",
            SiloOptions.DefaultSiloPort,
            mayBeAny: true);
        var shutdownDelay = CommonOptions.Number(
            "--shutdown-delay",
            "Seconds for which a silo that is told to stop fails its readiness but serves on: " +
                "what a load balancer needs to notice.",
            0,
            0,
            3600);
        var controllers = new Option<bool>("--controllers")
        {
            Description = "Run controllers and scheduler; false serves the API alone.", DefaultValueFactory = _ => true,
        };
        var hollow = CommonOptions.HollowNodes("Number of simulated nodes.");
        var localStorage = new Option<bool>("--local-storage")
        {
            Description = "Make the default StorageClass local-path, whose volumes are directories of nodes, once.",
        };
        var services = CommonOptions.ServiceNetwork();
        var nodePorts = CommonOptions.NodePorts();
        var pods = CommonOptions.PodNetworks();
        var pools = CommonOptions.LoadBalancerPools(
            "Addresses that Services of type LoadBalancer get; the same for all silos of a cluster.");
        var connections = CommonOptions.StoreConnections();
        var limits = new RequestLimits();
        var reads = CommonOptions.Number(
            "--max-requests-inflight",
            "Seats that priority levels share, together with --max-mutating-requests-inflight.",
            limits.MaxReadsInFlight,
            0,
            int.MaxValue);
        var writes = CommonOptions.Number(
            "--max-mutating-requests-inflight",
            "The other part of the seats that priority levels share.",
            limits.MaxWritesInFlight,
            0,
            int.MaxValue);
        var requestTimeout = CommonOptions.Text(
            "--request-timeout",
            "How long a request may take that is no watch, proxy, log, exec, attach or port-forward.",
            "1m0s");
        var watchTimeout = CommonOptions.Number(
            "--min-request-timeout",
            "Seconds after which, and up to as many again, a watch ends that names no time-out.",
            (int)limits.MinWatchTimeout.TotalSeconds,
            1,
            int.MaxValue);
        var api = new ApiOptions();
        var admin = CommonOptions.MaybeText(
            "--admin-kubeconfig", "Write the admin kubeconfig here once the API answers.");
        var credentials = CommonOptions.MaybeText(
            "--node-credentials", "Write the credentials of a node into this directory.");
        var nodeName = CommonOptions.NodeName();
        var nodeAddress = CommonOptions.Address("--node-ip", "Address of that node.", IPAddress.Loopback);

        var command = new Command("silo", "Run one silo: the API, the controllers and the scheduler.")
        {
            connection, bind, port, advertise, siloAddress, siloPort, shutdownDelay, controllers, hollow, localStorage,
            services, nodePorts, pods, pools,
            connections, reads, writes, requestTimeout, watchTimeout, admin, credentials, nodeName,
            nodeAddress,
        };
        api.AddTo(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(
            api.Over(
                new SiloOptions
                {
                    ConnectionString = CommonOptions.ConnectionOf(parsed, connection),
                    StoreConnections = new StoreConnections(parsed.GetValue(connections)),
                    BindAddress = parsed.GetRequiredValue(bind),
                    Port = parsed.GetValue(port),
                    AdvertiseAddress = parsed.GetRequiredValue(advertise),
                    SiloAddress = parsed.GetRequiredValue(siloAddress),
                    SiloPort = parsed.GetValue(siloPort),
                    ShutdownDelay = TimeSpan.FromSeconds(parsed.GetValue(shutdownDelay)),
                    Controllers = parsed.GetValue(controllers),
                    HollowNodes = parsed.GetValue(hollow),
                    LocalStorage = parsed.GetValue(localStorage),
                    Limits = new RequestLimits
                    {
                        MaxReadsInFlight = parsed.GetValue(reads),
                        MaxWritesInFlight = parsed.GetValue(writes),
                        RequestTimeout = Duration("--request-timeout", parsed.GetRequiredValue(requestTimeout)),
                        MinWatchTimeout = TimeSpan.FromSeconds(parsed.GetValue(watchTimeout)),
                    },
                    Services = CommonOptions.Services(parsed.GetValue(services), parsed.GetValue(nodePorts)),
                    PodNetworks = parsed.GetValue(pods),
                    LoadBalancerPools = [.. parsed.GetRequiredValue(pools).Select(static p => AddressPool.Parse(p)!)],
                    AdminKubeconfig = parsed.GetValue(admin),
                    NodeCredentials = parsed.GetValue(credentials),
                    NodeName = parsed.GetRequiredValue(nodeName),
                    NodeAddress = parsed.GetRequiredValue(nodeAddress),
                },
                parsed),
            cancellationToken));
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
                connection, options.StoreConnections, app.Services.GetService<EncryptionInUse>()?.Current, app.Logger,
                cancellationToken);
        }

        await app.StartAsync(cancellationToken);
        var credentials = app.Services.GetRequiredService<CredentialWriter>();
        await credentials.WriteAsync(cancellationToken);
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
        string connection, StoreConnections connections, EncryptionConfiguration? encryption, ILogger logger,
        CancellationToken cancellationToken)
    {
        try
        {
            await StoreMigrations.ApplyAsync(connection, logger, cancellationToken);
            await StoreKeys.CheckAsync(connection, encryption, cancellationToken);
            var room = await connections.CheckAsync(connection, cancellationToken);
            Say(logger, connections, room);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or SocketException)
        {
            throw new UserErrorException(
                $"{StoreConnectionString.Describe(connection)} cannot be used: {error.Message}");
        }
    }

    private static TimeSpan Duration(string option, string text)
    {
        var complaint = GoDuration.Read(text, out var duration);
        return complaint is null && duration > TimeSpan.Zero
            ? duration
            : throw new UserErrorException($"{option} is no time above 0, such as 1m0s: '{text}'.");
    }

    private static void Say(ILogger logger, StoreConnections connections, ConnectionRoom room)
    {
        logger.LogInformation(
            "This silo holds up to {Total} connections to PostgreSQL ({Journals} for journals, {Orleans} for Orleans' tables), which takes {Limit}",
            connections.Total, connections.Journals, connections.Orleans, room.Limit);
        if ((room.Silos + 1) * connections.Total > room.Limit)
        {
            logger.LogWarning(
                "{Silos} silos with up to {Total} connections each are more than the {Limit} that PostgreSQL takes: under load some requests "
                    + "will be refused; raise max_connections, or give every silo fewer with --store-connections",
                room.Silos + 1, connections.Total, room.Limit);
        }
    }
}
