using System.Collections.Concurrent;
using Grpc.Core;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.ContainerdEvents;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Nftables;

namespace OrleansOrchestrator.NodeAgent.PodRecords;

/// <summary>
/// What the runtime has, by pod. The lists of sandboxes and containers are read on a period, at once when containerd
/// reports that a task changed, and for one pod whenever its worker asks. Details (status calls) are read only for
/// what changed state, because an instance's details are fixed while its state is. Readers get immutable snapshots.
/// </summary>
public sealed partial class PodRuntimeCache(
    NodeAgentOptions options, CriClient cri, RuntimeHealth health, KubeletMeters meters, TimeProvider time,
    ILogger<PodRuntimeCache> logger)
    : BackgroundService
{
    private readonly IReadOnlyList<IpFamily> _families = options.Families;

    /// <summary>Without events the list is the only way to notice an exit; with them it is the safety net.</summary>
    private static readonly TimeSpan RelistWithoutEvents = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RelistWithEvents = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SubscribeAgain = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, PodRuntimeState> _pods = new();
    private readonly ConcurrentDictionary<string, (ContainerState State, ContainerRecord Record)> _containers = new();
    private readonly ConcurrentDictionary<string, (PodSandboxState State, SandboxRecord Record)> _sandboxes = new();
    private readonly WakeSignal _wake = new();
    private readonly TaskCompletionSource _listed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _eventsFlow;

    /// <summary>Raised with the pod's uid after its state changed.</summary>
    public event Action<string>? Changed;

    /// <summary>Completes after the first full list: only then is absence from this cache a fact.</summary>
    public Task FirstListAsync(CancellationToken cancellationToken) => _listed.Task.WaitAsync(cancellationToken);

    /// <summary>When the last full list succeeded; old means that the runtime does not answer.</summary>
    public SteadyTime LastRelist { get; private set; }

    public IReadOnlyCollection<PodRuntimeState> All => [.. _pods.Values];

    public PodRuntimeState Get(string uid) => _pods.GetValueOrDefault(uid) ?? PodRuntimeState.Empty(uid);

    /// <summary>Reads one pod from the runtime now; used right after the worker changed something.</summary>
    public async Task<PodRuntimeState> RefreshAsync(string uid, CancellationToken cancellationToken)
    {
        var sandboxFilter = new PodSandboxFilter { LabelSelector = { [CriLabels.PodUid] = uid } };
        var containerFilter = new ContainerFilter { LabelSelector = { [CriLabels.PodUid] = uid } };
        var sandboxes = cri.Runtime.ListPodSandboxAsync(
            new ListPodSandboxRequest { Filter = sandboxFilter }, cancellationToken: cancellationToken);
        var containers = cri.Runtime.ListContainersAsync(
            new ListContainersRequest { Filter = containerFilter }, cancellationToken: cancellationToken);
        var state = await BuildAsync(uid, (await sandboxes).Items, (await containers).Containers, cancellationToken);
        Store(state);
        return state;
    }

    /// <summary>Has the details of a container, which we changed, read anew.</summary>
    public void Forget(string containerId) => _containers.TryRemove(containerId, out _);

    /// <summary>Asks for a list soon.</summary>
    public void Wake() => _wake.Set();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var events = FollowEventsAsync(stoppingToken);
        long? before = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await health.WhenUpAsync(stoppingToken);
                var started = time.GetTimestamp();
                if (before is { } last)
                {
                    meters.RelistInterval.Record(time.GetElapsedTime(last, started));
                }

                before = started;
                await RelistAsync(stoppingToken);
                meters.Relist.Record(time.GetElapsedTime(started));
                _listed.TrySetResult();
                await _wake.WaitAsync(_eventsFlow ? RelistWithEvents : RelistWithoutEvents, time, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception)
            {
                LogRelistFailed(exception.Message);
                await Task.Delay(RelistWithoutEvents, time, stoppingToken)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        await events;
    }

    private async Task RelistAsync(CancellationToken cancellationToken)
    {
        var sandboxes =
            cri.Runtime.ListPodSandboxAsync(new ListPodSandboxRequest(), cancellationToken: cancellationToken);
        var containers =
            cri.Runtime.ListContainersAsync(new ListContainersRequest(), cancellationToken: cancellationToken);
        var sandboxesByPod = (await sandboxes).Items.ToLookup(s => s.Metadata.Uid);
        var containersByPod = (await containers).Containers
            .ToLookup(c => c.Labels.GetValueOrDefault(CriLabels.PodUid, ""));
        var uids = sandboxesByPod.Select(g => g.Key).Union(containersByPod.Select(g => g.Key)).ToHashSet();
        foreach (var uid in uids.Where(uid => uid.Length > 0))
        {
            Store(await BuildAsync(uid, sandboxesByPod[uid], containersByPod[uid], cancellationToken));
        }

        foreach (var gone in _pods.Keys.Where(uid => !uids.Contains(uid)))
        {
            Store(PodRuntimeState.Empty(gone));
        }

        LastRelist = time.GetSteadyTime();
    }

    private async Task<PodRuntimeState> BuildAsync(
        string uid,
        IEnumerable<PodSandbox> sandboxes,
        IEnumerable<Container> containers,
        CancellationToken cancellationToken)
    {
        var sandboxRecords = new List<SandboxRecord>();
        var (name, podNamespace) = ("", "");
        foreach (var sandbox in sandboxes)
        {
            (name, podNamespace) = (sandbox.Metadata.Name, sandbox.Metadata.Namespace);
            if (await DetailsAsync(sandbox, cancellationToken) is { } record)
            {
                sandboxRecords.Add(record);
            }
        }

        var containerRecords = new List<ContainerRecord>();
        foreach (var container in containers)
        {
            if (await DetailsAsync(container, cancellationToken) is { } record)
            {
                containerRecords.Add(record);
            }
        }

        return new PodRuntimeState
        {
            Uid = uid,
            Name = name,
            Namespace = podNamespace,
            Sandboxes = [.. sandboxRecords.OrderByDescending(s => s.CreatedAt)],
            Containers = [.. containerRecords.OrderByDescending(c => c.CreatedAt)],
        };
    }

    private async Task<SandboxRecord?> DetailsAsync(PodSandbox listed, CancellationToken cancellationToken)
    {
        if (_sandboxes.TryGetValue(listed.Id, out var known) && known.State == listed.State)
        {
            return known.Record;
        }

        try
        {
            var answer = await cri.Runtime.PodSandboxStatusAsync(
                new PodSandboxStatusRequest { PodSandboxId = listed.Id }, cancellationToken: cancellationToken);
            var record = SandboxRecord.From(answer.Status, _families);
            _sandboxes[listed.Id] = (answer.Status.State, record);
            return record;
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.NotFound)
        {
            return null;
        }
    }

    private async Task<ContainerRecord?> DetailsAsync(Container listed, CancellationToken cancellationToken)
    {
        if (_containers.TryGetValue(listed.Id, out var known) && known.State == listed.State)
        {
            return known.Record;
        }

        try
        {
            var answer = await cri.Runtime.ContainerStatusAsync(
                new ContainerStatusRequest { ContainerId = listed.Id }, cancellationToken: cancellationToken);
            var record = ContainerRecord.From(listed, answer.Status);
            _containers[listed.Id] = (answer.Status.State, record);
            return record;
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.NotFound)
        {
            return null;
        }
    }

    private void Store(PodRuntimeState state)
    {
        var before = Get(state.Uid);
        if (state.IsEmpty)
        {
            _pods.TryRemove(state.Uid, out _);
        }
        else
        {
            _pods[state.Uid] = state;
        }

        Forget(before, state);
        if (!SameStates(before, state))
        {
            Changed?.Invoke(state.Uid);
        }
    }

    private void Forget(PodRuntimeState before, PodRuntimeState now)
    {
        foreach (var gone in before.Containers.Where(c => now.Containers.All(n => n.Id != c.Id)))
        {
            _containers.TryRemove(gone.Id, out _);
        }

        foreach (var gone in before.Sandboxes.Where(s => now.Sandboxes.All(n => n.Id != s.Id)))
        {
            _sandboxes.TryRemove(gone.Id, out _);
        }
    }

    private static bool SameStates(PodRuntimeState a, PodRuntimeState b) =>
        a.Containers.Select(c => (c.Id, c.State)).SequenceEqual(b.Containers.Select(c => (c.Id, c.State)))
        && a.Sandboxes.Select(s => (s.Id, s.Ready)).SequenceEqual(b.Sandboxes.Select(s => (s.Id, s.Ready)));

    /// <summary>Any task event wakes the list; what it says is not believed, so a lost one costs only time.</summary>
    private async Task FollowEventsAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await health.WhenUpAsync(stoppingToken);
                using var call = cri.Events.Subscribe(
                    new SubscribeRequest { Filters = { "topic==/tasks/exit,namespace==k8s.io", "topic==/tasks/oom,namespace==k8s.io" } },
                    cancellationToken: stoppingToken);
                _eventsFlow = true;
                await foreach (var _ in call.ResponseStream.ReadAllAsync(stoppingToken))
                {
                    Wake();
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (RpcException exception)
            {
                if (stoppingToken.IsCancellationRequested)
                {
                    return;
                }

                LogEventsEnded(exception.Status.Detail);
            }

            _eventsFlow = false;
            await Task.Delay(SubscribeAgain, time, stoppingToken).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The runtime's pods cannot be listed: {Problem}")]
    private partial void LogRelistFailed(string problem);

    [LoggerMessage(2, LogLevel.Debug, "The runtime's event stream ended ({Problem}); listing every second meanwhile")]
    private partial void LogEventsEnded(string problem);
}
