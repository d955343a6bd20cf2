using System.Net;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Network;
using OrleansOrchestrator.NodeAgent.Nftables;
using OrleansOrchestrator.NodeAgent.Node;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>
/// Keeps the kernel's rules in step with the Services. Nothing is programmed before the first list, so that a restart
/// leaves the rules of the last run in force.
/// </summary>
public sealed partial class ServiceProxy(
    ServiceDirectory services, NodeAgentOptions options, NodeObject node, ProxyHealth health,
    ServiceHealthPorts healthPorts, KubeletMeters meters, TimeProvider time,
    ILogger<ServiceProxy> logger) : BackgroundService
{
    private readonly HashSet<(string Namespace, string Name)> _changed = [];
    private readonly IReadOnlyList<ProxyTable> _tables =
    [
        .. options.ClusterCidrs.Select(cidr =>
            new ProxyTable(cidr, options.ClusterDns is [var dns, ..] ? dns : "", time, options.ProxyTable)),
    ];

    private readonly ProgrammingTimes _programming = new(meters, time);
    private volatile ProxyNode _node = new(options.NodeName, "", [], []);
    private SyncLoop? _loop;
    private long _oldestChange;

    /// <summary>
    /// Raised when the kernel has what changed: how long it took, how many Services it was for, and how many bytes the
    /// transaction was; none when the kernel had it all.
    /// </summary>
    public event Action<TimeSpan, int, int>? Synced;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _loop = new SyncLoop(time) { Sync = SyncAsync, Failed = failure => LogSyncFailed(failure.Message) };
        services.SliceChanged += _programming.Note;
        services.Changed += Note;
        node.Changed += UseNode;
        if (node.Current is { } known)
        {
            UseNode(known);
        }

        await services.ListedAsync(stoppingToken);
        NoteAll();
        KernelSettings.Apply([.. _tables.Select(t => t.Family)]);
        await _loop.RunAsync(stoppingToken);
    }

    private void Note((string Namespace, string Name) key)
    {
        lock (_changed)
        {
            if (_changed.Count == 0)
            {
                _oldestChange = time.GetTimestamp();
            }

            _changed.Add(key);
        }

        health.Queued();
        _loop?.Wake();
    }

    private void NoteAll()
    {
        foreach (var key in services.Keys)
        {
            Note(key);
        }
    }

    // The zone decides which hints are meant for us; taints decide whether load balancers may send more.
    private void UseNode(V1Node current)
    {
        health.IsNodeEligible = current.Metadata?.DeletionTimestamp is null &&
            !(current.Spec?.Taints ?? []).Any(t => t.Key == ProxyHealth.ToBeDeletedTaint);
        var addresses = (current.Status?.Addresses ?? [])
            .Select(a => IPAddress.TryParse(a.Address, out var address) ? address : null).OfType<IPAddress>().ToList();
        var zone = current.Metadata?.Labels is { } labels && labels.TryGetValue(ProxyNode.ZoneLabel, out var label)
            ? label : "";
        List<IPNetwork> pods = [.. PodRoutes.NetworksOf(current)];
        if (zone != _node.Zone || !pods.SequenceEqual(_node.Pods) || !addresses.SequenceEqual(_node.Addresses))
        {
            _node = new ProxyNode(options.NodeName, zone, addresses, pods);
            NoteAll();
        }
    }

    private async Task<bool> SyncAsync(bool mustCheck, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        var (changed, oldest) = TakeChanged();
        var triggers = _programming.Take(changed);
        var bytes = 0;
        try
        {
            foreach (var table in _tables)
            {
                bytes += await SyncAsync(table, changed, mustCheck, cancellationToken);
            }
        }
        catch
        {
            // A table that was not reached knows nothing of them yet.
            changed.ForEach(Note);
            throw;
        }

        _programming.Programmed(triggers);
        var isWritten = bytes > 0;
        if (isWritten || changed.Count > 0)
        {
            Synced?.Invoke(time.GetElapsedTime(start), changed.Count, bytes);
            LogSynced(changed.Count, time.GetElapsedTime(start).TotalMilliseconds,
                time.GetElapsedTime(oldest).TotalMilliseconds);
        }

        lock (_changed)
        {
            if (_changed.Count == 0)
            {
                health.Updated();
            }
        }

        foreach (var key in changed)
        {
            var (port, count) = HealthOf(key);
            await healthPorts.SetAsync(key, port, count, cancellationToken);
        }

        return isWritten;
    }

    /// <summary>Tells one table; says how many bytes the transaction had, 0 when the kernel had it all.</summary>
    private async Task<int> SyncAsync(
        ProxyTable table, List<(string Namespace, string Name)> changed, bool mustCheck,
        CancellationToken cancellationToken)
    {
        if (mustCheck && !await table.IsIntactAsync(cancellationToken))
        {
            LogNotIntact(table.Family.Name);
        }

        var started = time.GetTimestamp();
        var ports = changed.ToDictionary(k => $"{k.Namespace}/{k.Name}", k => PortsOf(k, table.Family));
        var isWritten = await table.ApplyAsync(ports, cancellationToken);
        if (isWritten || changed.Count > 0)
        {
            meters.ProxySync.Record(time.GetElapsedTime(started), table.Family.Name);
        }

        return isWritten ? table.LastTransactionBytes : 0;
    }

    private (List<(string Namespace, string Name)> Keys, long Oldest) TakeChanged()
    {
        lock (_changed)
        {
            var taken = _changed.ToList();
            _changed.Clear();
            return (taken, _oldestChange);
        }
    }

    // DNS answers on its own address itself: its Service must not be balanced, nor refused for want of endpoints.
    private IReadOnlyList<ProxyPort> PortsOf((string Namespace, string Name) key, IpFamily family) =>
        services.Find(key) is { } view && !options.ClusterDns.Contains(view.Service.Spec.ClusterIP)
            ? ProxyPorts.Of(view.Service, view.Slices, _node, family)
            : [];

    private (int Port, int LocalEndpoints) HealthOf((string Namespace, string Name) key) =>
        services.Find(key) is { Service.Spec: { Type: "LoadBalancer", ExternalTrafficPolicy: "Local" } spec } view
            ? (spec.HealthCheckNodePort ?? 0, ProxyPorts.LocalReady(view.Slices, options.NodeName))
            : (0, 0);

    [LoggerMessage(1, LogLevel.Debug,
        "Programmed {Count} changed Services in {Milliseconds:F1} ms, {Age:F1} ms after the first change was seen")]
    private partial void LogSynced(int count, double milliseconds, double age);

    [LoggerMessage(2, LogLevel.Error, "The rules of Services could not be programmed; trying again: {Problem}")]
    private partial void LogSyncFailed(string problem);

    [LoggerMessage(
        3, LogLevel.Warning,
        "The rules of Services for {Family} have gone or were never complete; writing all of them")]
    private partial void LogNotIntact(string family);
}
