using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Network;

namespace OrleansOrchestrator.NodeAgent.Dns;

/// <summary>Runs the cluster's DNS on this node: gives the node the DNS address, keeps the zone in step with the
/// Services, and serves.</summary>
public sealed partial class ClusterDns : BackgroundService
{
    /// <summary>The link that holds the DNS address on every node.</summary>
    public const string Link = "orc-dns";

    private const int Port = 53;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    private readonly ServiceDirectory _services;
    private readonly ClusterZone _zone;
    private readonly DnsServer _server;
    private readonly IPAddress _address;
    private readonly TimeProvider _time;
    private readonly ILogger<ClusterDns> _logger;

    public ClusterDns(ServiceDirectory services, NodeAgentOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        _services = services;
        _time = time;
        _logger = loggers.CreateLogger<ClusterDns>();
        _address = IPAddress.Parse(options.ClusterDns[0]);
        _zone = new ClusterZone(options.ClusterDomain);
        var forwarder = new Forwarder("/etc/resolv.conf", [_address], time);
        _server = new DnsServer(_zone, forwarder, loggers.CreateLogger<DnsServer>());
        _services.Changed += Update;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var loading = LoadAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await EnsureLinkAsync(stoppingToken);
                await _server.RunAsync(new IPEndPoint(_address, Port), stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception failure)
            {
                LogFailed(failure.Message);
                await Task.Delay(RetryAfter, _time, stoppingToken).ConfigureAwait(
                    ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        await loading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        await _services.ListedAsync(cancellationToken);
        _zone.IsLoaded = true;
    }

    private void Update((string Namespace, string Name) key)
    {
        if (_services.Find(key) is { } view)
        {
            _zone.Set(ServiceRecords.Of(view.Service, view.Slices));
        }
        else
        {
            _zone.Remove(key.Namespace, key.Name);
        }
    }

    private async Task EnsureLinkAsync(CancellationToken cancellationToken)
    {
        if (NetworkInterface.GetAllNetworkInterfaces().All(i => i.Name != Link))
        {
            await IpAsync(["link", "add", Link, "type", "bridge"], cancellationToken);
        }

        await IpAsync(["address", "replace", $"{_address}/32", "dev", Link], cancellationToken);
        await IpAsync(["link", "set", Link, "up"], cancellationToken);
    }

    private static async Task IpAsync(string[] arguments, CancellationToken cancellationToken)
    {
        var result = await Commands.RunAsync("ip", arguments, cancellationToken);
        if (!result.Succeeded)
        {
            throw new IOException($"ip {string.Join(' ', arguments)}: {result.Error.Trim()}");
        }
    }

    [LoggerMessage(1, LogLevel.Error, "Cluster DNS does not run; trying again: {Problem}")]
    private partial void LogFailed(string problem);
}
