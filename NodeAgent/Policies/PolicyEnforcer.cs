using System.Collections.Concurrent;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Nftables;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Proxy;

namespace OrleansOrchestrator.NodeAgent.Policies;

/// <summary>
/// Keeps the kernel's rules in step with the NetworkPolicies. Nothing is changed before everything that they ask is
/// known, so that a restart leaves the rules of the last run in force; without policies there is no table. Where this
/// node's pods are, the runtime says: it knows before the API does.
/// </summary>
public sealed partial class PolicyEnforcer : BackgroundService, IPodIsolation
{
    private readonly PolicyDirectory _directory;
    private readonly PodRuntimeCache _runtime;
    private readonly NodeAgentOptions _options;
    private readonly KubeletMeters _meters;
    private readonly TimeProvider _time;
    private readonly ILogger<PolicyEnforcer> _logger;
    private readonly SyncLoop _loop;
    private readonly IReadOnlyList<PolicyTable> _tables;
    private readonly ConcurrentDictionary<string, V1Pod> _local = new(StringComparer.Ordinal);
    private readonly IPodSource _source;
    private readonly Lock _lock = new();
    private TaskCompletionSource _applied = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _noted = 1;
    private long _done;
    private bool _mayBeThere = true;

    // Takes note of pods before anybody works on one: the workers get this one first.
    public PolicyEnforcer(
        PolicyDirectory directory, IPodSource source, PodRuntimeCache runtime, NodeAgentOptions options,
        KubeletMeters meters, TimeProvider time, ILogger<PolicyEnforcer> logger)
    {
        (_directory, _source, _runtime, _options) = (directory, source, runtime, options);
        (_meters, _time, _logger) = (meters, time, logger);
        _loop = new SyncLoop(time) { Sync = SyncAsync, Failed = failure => LogSyncFailed(failure.Message) };
        _tables = [.. options.Families.Select(f => new PolicyTable(f, options.PolicyTable, time))];
        source.Changed += NotePod;
    }

    /// <summary>
    /// As the interface says, but for static pods: the cluster may be among them, and nobody else can tell of policies.
    /// They are isolated as soon as their mirrors and the policies are known.
    /// </summary>
    public async Task EnsureAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        if (!_options.OwnsRuntime || pod.UsesHostNetwork() || pod.IsStatic())
        {
            return;
        }

        await _directory.ListedAsync(cancellationToken);
        if (!_directory.HasPolicies(pod.Metadata.NamespaceProperty))
        {
            return;
        }

        var wanted = Note();
        while (true)
        {
            Task applied;
            lock (_lock)
            {
                if (_done >= wanted)
                {
                    return;
                }

                applied = _applied.Task;
            }

            await applied.WaitAsync(cancellationToken);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!_options.OwnsRuntime)
        {
            return;
        }

        await _runtime.FirstListAsync(stoppingToken);
        await _source.Synced.WaitAsync(stoppingToken);
        _runtime.Changed += _ => Note();
        _directory.Changed += () => Note();
        await _loop.RunAsync(stoppingToken);
    }

    private void NotePod(PodChange change, V1Pod pod)
    {
        if (change == PodChange.Removed)
        {
            _local.TryRemove(pod.Metadata.Uid, out _);
        }
        else
        {
            _local[pod.Metadata.Uid] = pod;
        }

        Note();
    }

    private long Note()
    {
        long noted;
        lock (_lock)
        {
            noted = ++_noted;
        }

        _loop.Wake();
        return noted;
    }

    private async Task<bool> SyncAsync(bool mustCheck, CancellationToken cancellationToken)
    {
        long noted;
        lock (_lock)
        {
            noted = _noted;
        }

        if (_directory.Current() is not { } cluster)
        {
            return false;
        }

        var wasWork = cluster.Policies.Count == 0
            ? await RemoveAsync(cancellationToken)
            : await ApplyAsync(cluster, mustCheck, noted, cancellationToken);
        lock (_lock)
        {
            _done = noted;
            _applied.TrySetResult();
            _applied = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        return wasWork;
    }

    private async Task<bool> RemoveAsync(CancellationToken cancellationToken)
    {
        if (!_mayBeThere)
        {
            return false;
        }

        foreach (var table in _tables)
        {
            await table.RemoveAsync(cancellationToken);
        }

        _mayBeThere = false;
        return true;
    }

    private async Task<bool> ApplyAsync(
        PolicyWorld cluster, bool mustCheck, long noted, CancellationToken cancellationToken)
    {
        foreach (var table in _tables.Where(t => mustCheck && t.IsKnown))
        {
            if (!await table.IsIntactAsync(cancellationToken))
            {
                LogNotIntact();
            }
        }

        var areKnown = _tables.All(static t => t.IsKnown);
        if (noted == _done && areKnown)
        {
            return false;
        }

        if (!areKnown && !KernelSettings.BridgeIsSeen)
        {
            LogBridgeUnseen();
        }

        _mayBeThere = true;
        var start = _time.GetTimestamp();
        var world = cluster with { Pods = [.. cluster.Pods, .. LocalPods()] };
        foreach (var table in _tables)
        {
            await table.ApplyAsync(world, cancellationToken);
        }

        _meters.PolicySync.Record(_time.GetElapsedTime(start));

        // To plan is work even if nothing comes of it, as of most of what is told of this node's pods.
        return true;
    }

    private IEnumerable<PolicyPod> LocalPods() => _local.Values
        .Select(p => PolicyPod.Of(p, Addresses(p), isLocal: true))
        .OfType<PolicyPod>();

    /// <summary>A mirror says itself which pod it stands for: only one of its own name is believed.</summary>
    private IReadOnlyList<string> Addresses(V1Pod pod)
    {
        var state = _runtime.Get(pod.RuntimeUid());
        return state.Name == pod.Metadata.Name && state.Namespace == pod.Metadata.NamespaceProperty
            ? state.ReadySandbox?.Ips ?? []
            : [];
    }

    [LoggerMessage(1, LogLevel.Error, "The rules of NetworkPolicies could not be programmed; trying again: {Problem}")]
    private partial void LogSyncFailed(string problem);

    [LoggerMessage(2, LogLevel.Warning, "The rules of NetworkPolicies have gone; writing all of them")]
    private partial void LogNotIntact();

    [LoggerMessage(
        3, LogLevel.Error,
        "The kernel's br_netfilter is not loaded: pods of this node reach each other past all NetworkPolicies")]
    private partial void LogBridgeUnseen();
}
