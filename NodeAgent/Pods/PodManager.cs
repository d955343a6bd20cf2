using System.Collections.Concurrent;
using k8s.Models;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Devices;
using OrleansOrchestrator.NodeAgent.Dra;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Numa;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods.Resizing;
using OrleansOrchestrator.NodeAgent.Probes;
using OrleansOrchestrator.NodeAgent.StaticPods;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>
/// One worker per pod: makes them as pods arrive, wakes them when their containers, probes or objects change, and
/// gives a worker also to what runs here without an object (it is stopped and removed) once the list of pods is known.
/// </summary>
public sealed partial class PodManager(
    NodeAgentOptions options,
    IPodSource source,
    StaticPodSource statics,
    IReferenceTracker references,
    PodWorkerServices services,
    PodRuntimeCache runtime,
    ProbeManager probes,
    StatusManager statuses,
    LeftOvers leftOvers,
    Cgroups cgroups,
    NodeFacts facts,
    NodeObject node,
    PressureState pressure,
    ShutdownState shutdown,
    PodAllocations allocations,
    DeviceManager devices,
    TopologyManager topology,
    DynamicResources claims,
    ILogger<PodManager> logger) : BackgroundService, IPodRegistry
{
    private static readonly TimeSpan FirstResizeRetry = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ResizeRetry = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan EnforceRetry = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, PodWorker> _workers = new();
    private readonly ConcurrentDictionary<string, byte> _runningLoops = new();
    private readonly Lock _admission = new();
    private readonly SysctlAllowlist _sysctls = new(options.AllowedUnsafeSysctls);
    private readonly CancellationTokenSource _stopping = new();
    /// <summary>What pods had that are gone is free.</summary>
    private readonly TaskCompletionSource _kept = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _allKnown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when all pods have workers: what runs here without one from then on has no object.</summary>
    public Task AllKnown => _allKnown.Task;

    /// <summary>Workers of all pods, for eviction and housekeeping.</summary>
    public IReadOnlyCollection<PodWorker> Workers => [.. _workers.Values];

    public IReadOnlyList<V1Pod> List() => [.. _workers.Values.Select(WithStatus)];

    public PodEntry? Find(string podNamespace, string podName) => _workers.Values
        .Where(w => w.Pod.Metadata.Name == podName && w.Pod.Metadata.NamespaceProperty == podNamespace)
        .OrderByDescending(w => w.Pod.Metadata.CreationTimestamp)
        .Select(Entry)
        .FirstOrDefault();

    public PodEntry? FindByUid(string uid) => _workers.TryGetValue(uid, out var worker) ? Entry(worker) : null;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var stop = stoppingToken.Register(_stopping.Cancel);
        OwnFiles.MakePrivate(options.PodsDirectory);
        OwnFiles.MakePrivate(options.PodLogsDirectory);
        cgroups.Prepare();
        var enforcing = EnforceAsync(stoppingToken);
        runtime.Changed += OnRuntimeChanged;
        probes.Changed += Wake;
        devices.HealthChanged += Wake;
        claims.PodAffected += Wake;
        references.PodAffected += uid => Worker(uid)?.RefreshVolumes();
        allocations.Freed += RetryResizes;
        statics.Mirrored += statuses.ObserveMirror;
        statics.Changed += OnPodChanged;
        source.Changed += OnApiPodChanged;
        await source.Synced.WaitAsync(stoppingToken);
        await runtime.FirstListAsync(stoppingToken);
        KeepKnown();
        _kept.SetResult();
        await statics.Synced.WaitAsync(stoppingToken);
        _allKnown.SetResult();
        foreach (var state in runtime.All)
        {
            OnRuntimeChanged(state.Uid);
        }

        for (var delay = FirstResizeRetry; !stoppingToken.IsCancellationRequested; delay = ResizeRetry)
        {
            await leftOvers.RemoveAsync(IsKnown, stoppingToken); // what unmounts theirs may have come only now
            RetryResizes();
            await Task.Delay(delay, services.Time, stoppingToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await enforcing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>
    /// Frees what pods had that went, or ended, while the agent was away. Pods of files that run are known by what
    /// runs.
    /// </summary>
    private void KeepKnown()
    {
        TryWrite(() =>
        {
            lock (_admission) // pods of files may be admitted already
            {
                allocations.Keep(_workers.Keys.Concat(runtime.All.Select(static state => state.Uid)).ToHashSet());
            }
        });
        TryWrite(() => topology.Keep(uid =>
            runtime.Get(uid).Containers.Any(static c => !c.IsExited)
                || Worker(uid)?.Pod.HasTerminalPhase() == false));
    }

    /// <summary>What cannot be written down now is right in memory, and is written with the next change.</summary>
    private void TryWrite(Action write)
    {
        try
        {
            write();
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            LogNotWritten(problem.Message);
        }
    }

    /// <summary>Pods that have more than the node is to give them now may leave no room for the limit yet.</summary>
    private async Task EnforceAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (TryEnforce() is { } problem)
            {
                services.Events.Node(
                    EventRecorder.Warning, "FailedNodeAllocatableEnforcement",
                    $"Failed to update Node Allocatable Limits [\"{options.CgroupRoot.Trim('/')}\"]: {problem}");
                await Task.Delay(EnforceRetry, services.Time, cancellationToken);
            }

            services.Events.Node(
                EventRecorder.Normal, "NodeAllocatableEnforced", "Updated Node Allocatable limit across pods");
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotEnforced(exception);
        }
    }

    private string? TryEnforce()
    {
        try
        {
            cgroups.Enforce();
            return null;
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            return refusal.Message;
        }
    }

    /// <summary>The pod has not ended.</summary>
    public bool IsActive(string uid) =>
        Worker(uid) is { } worker ? !worker.Ended : !runtime.Get(uid).IsEmpty;

    private bool IsKnown(string uid) => Worker(uid) is not null || !runtime.Get(uid).IsEmpty;

    private PodWorker? Worker(string uid) => _workers.GetValueOrDefault(uid);

    private void Wake(string uid) => Worker(uid)?.Wake();

    /// <summary>
    /// A mirror only stands for a pod that runs here; of no other pod it is believed that it is a file's.
    /// </summary>
    private void OnApiPodChanged(PodChange change, V1Pod pod)
    {
        if (pod.IsMirror())
        {
            statics.ObserveMirror(change, pod);
            return;
        }

        OnPodChanged(change, pod.IsStatic() ? OfApi(pod) : pod);
    }

    private static V1Pod OfApi(V1Pod pod) => pod with
    {
        Metadata = pod.Metadata with
        {
            Annotations = new Dictionary<string, string>(pod.Metadata.Annotations)
            {
                [ConfigAnnotations.Source] = "api",
            },
        },
    };

    private void OnPodChanged(PodChange change, V1Pod pod)
    {
        var uid = pod.Metadata.Uid;
        if (change == PodChange.Removed)
        {
            references.Track(uid, new HashSet<ObjectReference>());
            Worker(uid)?.Remove(pod);
            return;
        }

        references.Track(uid, ObjectReferences.Of(pod));
        if (!pod.IsStatic())
        {
            statuses.Observe(pod);
        }

        if (allocations.Observe(pod))
        {
            RetryResizes(pod); // before its worker reports that it has seen this version
        }

        var isNew = false;
        var worker = _workers.GetOrAdd(uid, _ =>
        {
            isNew = true;
            return new PodWorker(pod, services, AdmitAsync);
        });
        if (isNew)
        {
            Run(worker);
            UpdateClassShares();
        }
        else
        {
            if (HasOtherMetadata(worker.Pod, pod))
            {
                worker.RefreshVolumes(); // labels and annotations show in downwardAPI volumes
            }

            worker.Update(pod);
        }
    }

    private static bool HasOtherMetadata(V1Pod old, V1Pod pod) =>
        !Same(old.Metadata.Labels, pod.Metadata.Labels) || !Same(old.Metadata.Annotations, pod.Metadata.Annotations);

    private static bool Same(IDictionary<string, string>? a, IDictionary<string, string>? b) =>
        (a?.Count ?? 0) == (b?.Count ?? 0)
        && (a is null || a.All(p => b!.TryGetValue(p.Key, out var value) && value == p.Value));

    private void OnRuntimeChanged(string uid)
    {
        if (Worker(uid) is { } worker)
        {
            worker.Wake();
            return;
        }

        var state = runtime.Get(uid);
        if (AllKnown.IsCompleted && !state.IsEmpty && !_runningLoops.ContainsKey(uid))
        {
            var orphan = new PodWorker(Orphan(state), services, (_, _, _) => Task.FromResult<PodVerdict?>(null));
            if (_workers.TryAdd(uid, orphan))
            {
                LogOrphan(state.Namespace, state.Name, uid);
                orphan.Remove(orphan.Pod);
                Run(orphan);
            }
        }
    }

    /// <summary>What is known of a pod without its object: its name, and the grace that its containers carry.</summary>
    private V1Pod Orphan(PodRuntimeState state)
    {
        const long fallback = 30;
        var grace = state.Containers.Select(c => c.Annotations.GetValueOrDefault(CriLabels.TerminationGracePeriod))
            .Select(text => long.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var s) ? s : fallback)
            .DefaultIfEmpty(fallback).Max();
        return new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                Name = state.Name,
                NamespaceProperty = state.Namespace,
                Uid = state.Uid,
                DeletionGracePeriodSeconds = grace,
            },
            Spec = new V1PodSpec { NodeName = options.NodeName, Containers = [] },
        };
    }

    private void Run(PodWorker worker)
    {
        _runningLoops[worker.Uid] = 0;
        _ = RunAsync(worker);
    }

    private async Task RunAsync(PodWorker worker)
    {
        try
        {
            await leftOvers.WhenGoneAsync(worker.Uid).WaitAsync(_stopping.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // who removes tells of its faults
            await worker.RunAsync(_stopping.Token);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            return;
        }
        catch (Exception exception)
        {
            LogWorkerDied(exception, worker.Pod.Display());
        }

        _workers.TryRemove(worker.Uid, out _);
        _runningLoops.TryRemove(worker.Uid, out _);
        TryWrite(() =>
        {
            lock (_admission) // not while a retry gives it something
            {
                allocations.Forget(worker.Uid);
            }
        });
        statics.Ended(worker.Uid);
        UpdateClassShares();
        RetryResizes();
    }

    /// <summary>
    /// One that was accepted before has its devices, CPUs and memory. Nobody goes for a critical pod that does not get
    /// these. Only pods of files are judged before it is known who has what: there may be no API that tells of others.
    /// </summary>
    private async Task<PodVerdict?> AdmitAsync(PodWorker worker, V1Pod pod, CancellationToken cancellationToken)
    {
        if (!pod.IsStatic())
        {
            await _kept.Task.WaitAsync(cancellationToken);
        }

        var refusal = await JudgeAsync(worker, pod, cancellationToken);
        if (refusal is not null && !pod.IsCritical())
        {
            return refusal;
        }

        if (runtime.Get(worker.Uid).IsEmpty
            && await topology.AdmitAsync(pod, cancellationToken) is var (reason, message))
        {
            return new PodVerdict(reason, message);
        }

        return refusal is null ? null : await MakeRoomAsync(worker, pod, cancellationToken);
    }

    /// <summary>
    /// A refusal is for good, and the pod may have been bound to what the node has become since it was last seen.
    /// </summary>
    private async Task<PodVerdict?> JudgeAsync(PodWorker worker, V1Pod pod, CancellationToken cancellationToken)
    {
        if (Admit(worker, pod) is not { } refusal)
        {
            return null;
        }

        if (!pod.IsStatic()) // for which there may be no API to ask
        {
            // Judged again in any case: the news may have come by the watch between the first judgement and this look.
            await node.RefreshAsync(cancellationToken);
            if (Admit(worker, pod) is not { } again)
            {
                return null;
            }

            refusal = again;
        }

        return refusal;
    }

    /// <summary>Pods that run here already were accepted before and count first.</summary>
    private PodVerdict? Admit(PodWorker worker, V1Pod pod)
    {
        lock (_admission)
        {
            var refusal = runtime.Get(worker.Uid).IsEmpty ? PodAdmission.Check(InputFor(worker, pod)) : null;
            if (refusal is null)
            {
                GiveRoom(worker, pod);
            }

            return refusal;
        }
    }

    /// <summary>Under the lock of admission: whoever is judged next is judged beside this pod.</summary>
    private void GiveRoom(PodWorker worker, V1Pod pod)
    {
        allocations.Allocate(pod);
        worker.HasRoom = true;
    }

    private PodAdmissionInput InputFor(PodWorker worker, V1Pod pod) => new()
    {
        Pod = pod,
        Others = [.. Active().Where(w => w != worker).Select(w => allocations.Apply(WithStatus(w)))],
        Node = node.Current,
        Allocatable = facts.Allocatable,
        Pressure = pressure.Current,
        IsShuttingDown = shutdown.IsShuttingDown,
        Abilities = services.Health.Abilities,
        IsDevice = devices.Serves,
        HasAppArmor = facts.HasAppArmor,
        Sysctls = _sysctls,
    };

    /// <summary>Workers of pods that have a part of the node.</summary>
    private IEnumerable<PodWorker> Active() =>
        _workers.Values.Where(w => !w.Ended && (w.HasRoom || !runtime.Get(w.Uid).IsEmpty));

    private void RetryResizes() => RetryResizes(null);

    /// <summary>Gives pods that ask for other amounts what the node has for them now.</summary>
    private void RetryResizes(V1Pod? newest)
    {
        if (!AllKnown.IsCompleted || !allocations.AnyPending)
        {
            return;
        }

        IReadOnlyList<string> news = [];
        TryWrite(() =>
        {
            lock (_admission)
            {
                news = allocations.Retry([.. Active().Select(WithStatus).Select(
                    p => p.Metadata.Uid == newest?.Metadata.Uid ? newest with { Status = p.Status } : p)]);
            }
        });
        foreach (var uid in news)
        {
            Wake(uid);
        }

        UpdateClassShares();
    }

    private void UpdateClassShares() => cgroups.SetBurstableShares(_workers.Values
        .Where(w => !w.Ended && PodResources.Qos(w.Pod) == PodResources.Burstable)
        .Sum(w => PodResources.Requested(allocations.Apply(w.Pod), PodResources.Cpu)));

    private V1Pod WithStatus(PodWorker worker) =>
        statuses.Current(worker.Uid) is { } status ? worker.Pod with { Status = status } : worker.Pod;

    private PodEntry Entry(PodWorker worker) => new(
        WithStatus(worker),
        runtime.Get(worker.Uid),
        Path.Combine(options.PodLogsDirectory, worker.Pod.LogDirectoryName()));

    [LoggerMessage(1, LogLevel.Warning, "Pod {Namespace}/{Name} ({Uid}) runs here but does not exist; it is removed")]
    private partial void LogOrphan(string @namespace, string name, string uid);

    [LoggerMessage(2, LogLevel.Critical, "The worker of pod {Pod} ended")]
    private partial void LogWorkerDied(Exception exception, string pod);

    [LoggerMessage(3, LogLevel.Warning, "What pods have of the node now could not be written down: {Problem}")]
    private partial void LogNotWritten(string problem);

    [LoggerMessage(4, LogLevel.Critical, "Pods are not held to what is not reserved for the system")]
    private partial void LogNotEnforced(Exception exception);
}
