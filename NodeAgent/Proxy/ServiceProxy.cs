using System.Threading.Channels;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Network;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>
/// Keeps the kernel's rules in step with the Services. Changes are gathered while a transaction runs; each transaction is what differs from the last one that
/// succeeded. After a failure the table is replaced whole, since nobody knows what the kernel holds. Nothing is programmed before the first list, so that a restart
/// leaves the rules of the last run in force.
/// </summary>
public sealed partial class ServiceProxy(
    ServiceDirectory services, NodeAgentOptions options, TimeProvider time, ILogger<ServiceProxy> logger) : BackgroundService
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly HashSet<(string Namespace, string Name)> _changed = [];
    private readonly Dictionary<(string Namespace, string Name), IReadOnlyList<ProxyPort>> _ports = [];
    private Ruleset? _inKernel;

    /// <summary>Completes with each transaction that succeeded: how long it took, and how many Services it was for.</summary>
    public event Action<TimeSpan, int>? Synced;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        services.Changed += Note;
        await services.ListedAsync(stoppingToken);
        foreach (var key in services.Keys)
        {
            Note(key);
        }

        _wake.Writer.TryWrite(true);
        KernelSettings.Apply();
        while (await _wake.Reader.WaitToReadAsync(stoppingToken))
        {
            _wake.Reader.TryRead(out _);
            try
            {
                await SyncAsync(stoppingToken);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                LogSyncFailed(failure.Message);
                _inKernel = null;
                await Task.Delay(RetryAfter, time, stoppingToken);
                _wake.Writer.TryWrite(true);
            }
        }
    }

    private void Note((string Namespace, string Name) key)
    {
        lock (_changed)
        {
            _changed.Add(key);
        }

        _wake.Writer.TryWrite(true);
    }

    private async Task SyncAsync(CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        var changed = TakeChanged();
        var before = new Ruleset();
        var after = new Ruleset();
        foreach (var key in changed)
        {
            Compute(before, _ports.GetValueOrDefault(key) ?? []);
            var ports = PortsOf(key);
            Compute(after, ports);
            _ports[key] = ports;
            if (ports.Count == 0)
            {
                _ports.Remove(key);
            }
        }

        var stale = StaleConnections.Of(before, after);
        if (_inKernel is null)
        {
            var all = new Ruleset();
            foreach (var ports in _ports.Values)
            {
                Compute(all, ports);
            }

            await NftAsync(RulesetText.Full(all), cancellationToken);
            _inKernel = all;
        }
        else if (RulesetText.Difference(before, after) is { Length: > 0 } difference)
        {
            await NftAsync(difference, cancellationToken);
        }
        else
        {
            return;
        }

        await StaleConnections.ForgetAsync(stale, cancellationToken);
        Synced?.Invoke(time.GetElapsedTime(start), changed.Count);
        LogSynced(changed.Count, time.GetElapsedTime(start).TotalMilliseconds);
    }

    private List<(string Namespace, string Name)> TakeChanged()
    {
        lock (_changed)
        {
            var taken = _changed.ToList();
            _changed.Clear();
            return taken;
        }
    }

    // DNS answers on its own address itself: its Service must not be balanced, nor refused for want of endpoints.
    private IReadOnlyList<ProxyPort> PortsOf((string Namespace, string Name) key) =>
        services.Find(key) is { } view && !options.ClusterDns.Contains(view.Service.Spec.ClusterIP)
            ? ProxyPorts.Of(view.Service, view.Slices, options.NodeName)
            : [];

    private void Compute(Ruleset rules, IReadOnlyList<ProxyPort> ports)
    {
        foreach (var port in ports)
        {
            PortRules.AddTo(rules, port, options.ClusterCidr);
        }
    }

    private static async Task NftAsync(string transaction, CancellationToken cancellationToken)
    {
        var result = await Commands.RunAsync("nft", ["-f", "-"], cancellationToken, transaction);
        if (!result.Succeeded)
        {
            throw new IOException($"nft refused the rules: {result.Error.Trim()}");
        }
    }

    [LoggerMessage(1, LogLevel.Debug, "Programmed {Count} changed Services in {Milliseconds:F1} ms")]
    private partial void LogSynced(int count, double milliseconds);

    [LoggerMessage(2, LogLevel.Error, "The rules of Services could not be programmed; trying again: {Problem}")]
    private partial void LogSyncFailed(string problem);
}
