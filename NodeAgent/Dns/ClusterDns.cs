using System.Net;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Network;

namespace OrleansOrchestrator.NodeAgent.Dns;

/// <summary>Runs the cluster's DNS on this node: gives the node the DNS address, keeps the zone in step with the
/// Services, and serves.</summary>
public sealed partial class ClusterDns : BackgroundService
{
    private const int Port = 53;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LookPeriod = TimeSpan.FromSeconds(10);

    private readonly ServiceDirectory _services;
    private readonly ClusterZone _zone;
    private readonly DnsServer _server;
    private readonly IPAddress _address;
    private readonly OwnedLink _link;
    private readonly TimeProvider _time;
    private readonly ILogger<ClusterDns> _logger;

    public ClusterDns(ServiceDirectory services, NodeAgentOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        _services = services;
        _time = time;
        _logger = loggers.CreateLogger<ClusterDns>();
        _address = IPAddress.Parse(options.ClusterDns[0]);
        _link = new OwnedLink(options.DnsLink, options.DataDirectory);
        _zone = new ClusterZone(options.ClusterDomain, _address);
        var forwarder = new Forwarder("/etc/resolv.conf", [_address], time);
        _server = new DnsServer(_zone, forwarder, loggers.CreateLogger<DnsServer>());
        _services.Changed += Update;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var others = Task.WhenAll(LoadAsync(stoppingToken), KeepLinkAsync(stoppingToken));
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await _link.EnsureAsync(_address, stoppingToken);
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

        await others.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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

    /// <summary>The server's socket outlives its address, and would never know that nobody reaches it.</summary>
    private async Task KeepLinkAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(LookPeriod, _time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                if (!_link.Has(_address) && await _link.EnsureAsync(_address, cancellationToken))
                {
                    LogLinkBack(_address);
                }
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
            {
                LogFailed(failure.Message);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Error, "Cluster DNS does not run; trying again: {Problem}")]
    private partial void LogFailed(string problem);

    [LoggerMessage(2, LogLevel.Warning, "Somebody had removed the address {Address} from this node; it is back")]
    private partial void LogLinkBack(IPAddress address);
}
