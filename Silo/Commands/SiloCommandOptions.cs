using System.CommandLine;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>All options of <c>orc silo</c>.</summary>
internal sealed class SiloCommandOptions
{
    private const int LongestDelaySeconds = 3600;

    private readonly SecretOption _connection = CommonOptions.Connection(
        "PostgreSQL 15 or newer, in Npgsql's form; several hosts for failover. Without it all is kept in memory and "
            + "lost at exit.");
    private readonly SiloAddressOptions _addresses = new();
    private readonly Option<int> _shutdownDelay = CommonOptions.Number(
        "--shutdown-delay",
        "Seconds for which a silo that is told to stop fails its readiness but serves on: " +
            "what a load balancer needs to notice.",
        0,
        0,
        LongestDelaySeconds);
    private readonly Option<bool> _controllers = new("--controllers")
    {
        Description = "Run controllers and scheduler; false serves the API alone.", DefaultValueFactory = _ => true,
    };
    private readonly Option<int> _hollow = CommonOptions.HollowNodes("Number of simulated nodes.");
    private readonly Option<bool> _localStorage = new("--local-storage")
    {
        Description = "Make the default StorageClass local-path, whose volumes are directories of nodes, once.",
    };
    private readonly SiloNetworkOptions _networks = new();
    private readonly Option<int> _connections = CommonOptions.StoreConnections();
    private readonly RequestLimitOptions _limits = new();
    private readonly ConnectionOptions _perConnection = new();
    private readonly CredentialOptions _credentials = new();
    private readonly ApiOptions _api = new();

    /// <summary>All of them, by theme.</summary>
    public IReadOnlyList<OptionGroup> Groups =>
    [
        new("The silo", _hollow, _controllers, _localStorage, _shutdownDelay),
        new("PostgreSQL", _connection, _connections),
        new("Where it listens", [.. _addresses.All]),
        new("Networks of pods and Services", [.. _networks.All]),
        new("Credentials that it writes", [.. _credentials.All]),
        new("Bounds of requests", [.. _limits.All, .. _perConnection.All]),
        .. _api.Groups,
    ];

    public SiloOptions Read(ParseResult parsed)
    {
        var own = new SiloOptions
        {
            ConnectionString = _connection.ValueOf(parsed),
            StoreConnections = new StoreConnections(parsed.GetValue(_connections)),
            ShutdownDelay = TimeSpan.FromSeconds(parsed.GetValue(_shutdownDelay)),
            Controllers = parsed.GetValue(_controllers),
            HollowNodes = parsed.GetValue(_hollow),
            LocalStorage = parsed.GetValue(_localStorage),
            Limits = _limits.Read(parsed),
            Flags = FlagValues.Of(parsed, Groups.SelectMany(static g => g.Options)),
        };
        var listening = _perConnection.Over(_networks.Over(_addresses.Over(own, parsed), parsed), parsed);
        return _api.Over(_credentials.Over(listening, parsed), parsed);
    }
}
