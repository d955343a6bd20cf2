using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Npgsql;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary><c>orc silo</c>: one silo in the foreground; what <c>up</c> runs, and how further silos join.</summary>
internal static class SiloCommand
{
    private const int DefaultSiloPort = 11111;

    public static Command Create()
    {
        var connection = new Option<string?>("--connection")
        {
            Description = "PostgreSQL 15 or newer, in Npgsql's form; several hosts for failover. Without it all is kept in memory and lost at exit.",
        };
        var bind = new Option<string>("--bind-address") { Description = "Where the API listens.", DefaultValueFactory = _ => "0.0.0.0" };
        var port = new Option<int>("--port") { Description = "Where the API listens; 0 takes a free port.", DefaultValueFactory = _ => 6443 };
        var advertise = new Option<string>("--advertise-address")
        {
            Description = "The address at which pods and nodes reach this API.", DefaultValueFactory = _ => "127.0.0.1",
        };
        var siloAddress = new Option<string>("--silo-address")
        {
            Description = "Where other silos reach this one.", DefaultValueFactory = _ => "127.0.0.1",
        };
        var siloPort = new Option<int>("--silo-port")
        {
            Description =
                "Where other silos reach this one; every silo on a machine needs its own. 0, and without --connection, a free port.",
            DefaultValueFactory = _ => DefaultSiloPort,
        };
        var shutdownDelay = new Option<int>("--shutdown-delay")
        {
            Description = "Seconds for which a silo that is told to stop fails its readiness but serves on: "
                + "what a load balancer needs to notice.",
        };
        var controllers = new Option<bool>("--controllers")
        {
            Description = "Run controllers and scheduler; false serves the API alone.", DefaultValueFactory = _ => true,
        };
        var hollow = new Option<int>("--hollow-nodes") { Description = "Number of simulated nodes." };
        var tokens = new Option<string?>("--token-auth-file") { Description = "Static bearer tokens: lines of token,user,uid,\"group1,group2\"." };
        var admin = new Option<string?>("--admin-kubeconfig") { Description = "Write the admin kubeconfig here once the API answers." };
        var credentials = new Option<string?>("--node-credentials") { Description = "Write the credentials of a node into this directory." };
        var nodeName = new Option<string>("--node-name")
        {
            Description = "Name of that node.", DefaultValueFactory = _ => Dns.GetHostName().ToLowerInvariant(),
        };
        var nodeAddress = new Option<string>("--node-ip") { Description = "Address of that node.", DefaultValueFactory = _ => "127.0.0.1" };

        var command = new Command("silo", "Run one silo: the API, the controllers and the scheduler.")
        {
            connection, bind, port, advertise, siloAddress, siloPort, shutdownDelay, controllers, hollow,
            tokens, admin, credentials, nodeName, nodeAddress,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            new SiloOptions
            {
                ConnectionString = parsed.GetValue(connection),
                BindAddress = Address(parsed.GetValue(bind)!),
                Port = parsed.GetValue(port),
                AdvertiseAddress = Address(parsed.GetValue(advertise)!),
                SiloAddress = Address(parsed.GetValue(siloAddress)!),
                SiloPort = parsed.GetValue(connection) is null && parsed.GetResult(siloPort)?.Implicit != false
                    ? 0
                    : parsed.GetValue(siloPort),
                ShutdownDelay = TimeSpan.FromSeconds(parsed.GetValue(shutdownDelay)),
                Controllers = parsed.GetValue(controllers),
                HollowNodes = parsed.GetValue(hollow),
                TokenFile = parsed.GetValue(tokens),
                AdminKubeconfig = parsed.GetValue(admin),
                NodeCredentials = parsed.GetValue(credentials),
                NodeName = parsed.GetValue(nodeName)!,
                NodeAddress = Address(parsed.GetValue(nodeAddress)!),
            },
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(SiloOptions asked, CancellationToken cancellationToken)
    {
        var options = FreePorts.Take(asked);
        CheckConnectionString(options.ConnectionString);
        await using var app = SiloHost.Build(options);
        if (options.ConnectionString is { } connection)
        {
            await PrepareStoreAsync(connection, app.Logger, cancellationToken);
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

    private static void CheckConnectionString(string? connection)
    {
        try
        {
            if (new NpgsqlConnectionStringBuilder(connection ?? "Host=none").Host is null or "")
            {
                throw new UserErrorException("--connection names no Host: expected Host=…;Username=…;Password=…;Database=….");
            }
        }
        catch (Exception error) when (error is ArgumentException or FormatException)
        {
            // The text itself is not repeated: it may hold a password.
            throw new UserErrorException($"--connection is no connection string of Npgsql's ({error.Message}): expected Host=…;Username=…;….");
        }
    }

    private static async Task PrepareStoreAsync(string connection, ILogger logger, CancellationToken cancellationToken)
    {
        try
        {
            await StoreMigrations.ApplyAsync(connection, logger, cancellationToken);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or SocketException)
        {
            var settings = new NpgsqlConnectionStringBuilder(connection);
            throw new UserErrorException(
                $"PostgreSQL at {settings.Host} (port {settings.Port}, database {settings.Database ?? settings.Username}) cannot be used: {error.Message}");
        }
    }

    private static IPAddress Address(string text) =>
        IPAddress.TryParse(text, out var address) ? address : throw new UserErrorException($"'{text}' is no IP address.");
}
