using System.Threading.Channels;
using OrleansOrchestrator.NodeAgent.Network;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>
/// Keeps the kernel's rules in step with the Services. Changes are gathered while a transaction runs. Nothing is
/// programmed before the first list, so that a restart
/// leaves the rules of the last run in force; from time to time the kernel is asked whether they still are.
/// </summary>
public sealed partial class ServiceProxy(
    ServiceDirectory services, NodeAgentOptions options, TimeProvider time, ILogger<ServiceProxy> logger) : BackgroundService
{
    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly HashSet<(string Namespace, string Name)> _changed = [];
    private readonly ProxyTable _table = new(options.ClusterCidr, options.ClusterDns is [var dns, ..] ? dns : "");

    private volatile bool _mustCheck;

    /// <summary>
    /// Raised after each transaction that succeeded: how long it took, and how many Services it was for.
    /// </summary>
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
        await Task.WhenAll(SyncLoopAsync(stoppingToken), CheckLoopAsync(stoppingToken));
    }

    private async Task SyncLoopAsync(CancellationToken stoppingToken)
    {
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
                await Task.Delay(RetryAfter, time, stoppingToken);
                _wake.Writer.TryWrite(true);
            }
        }
    }

    private async Task CheckLoopAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(CheckEvery, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            _mustCheck = true;
            _wake.Writer.TryWrite(true);
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
        if (_mustCheck)
        {
            _mustCheck = false;
            if (!await _table.IsIntactAsync(cancellationToken))
            {
                LogNotIntact();
            }
        }

        var start = time.GetTimestamp();
        var changed = TakeChanged();
        if (await _table.ApplyAsync(changed.ToDictionary(k => $"{k.Namespace}/{k.Name}", PortsOf), cancellationToken))
        {
            Synced?.Invoke(time.GetElapsedTime(start), changed.Count);
            LogSynced(changed.Count, time.GetElapsedTime(start).TotalMilliseconds);
        }
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
            ? ProxyPorts.Of(view.Service, view.Slices, new ProxyNode(options.NodeName, ""))
            : [];

    [LoggerMessage(1, LogLevel.Debug, "Programmed {Count} changed Services in {Milliseconds:F1} ms")]
    private partial void LogSynced(int count, double milliseconds);

    [LoggerMessage(2, LogLevel.Error, "The rules of Services could not be programmed; trying again: {Problem}")]
    private partial void LogSyncFailed(string problem);

    [LoggerMessage(3, LogLevel.Warning, "The rules of Services have gone or were never complete; writing all of them")]
    private partial void LogNotIntact();
}
