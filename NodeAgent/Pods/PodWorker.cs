using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>
/// Owns one pod, from its first appearance until nothing of it is left. One loop, one step at a time:
/// <c>Syncing</c> (bring the runtime to what the spec asks), <c>Terminating</c> (stop everything, once),
/// <c>Terminated</c> (unmount, remove cgroups and, once it is deleted, all that is left; then delete the object),
/// <c>Finished</c>.
/// The stage only goes forward. What must stop what is running (a deletion, a shorter grace) cancels the step, and the
/// next one starts from what the runtime then has; so a step may be cut off or fail anywhere.
/// </summary>
public sealed partial class PodWorker
{
    private static readonly TimeSpan Resync = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan MaxRetry = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan StartRetry = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan NetworkRetry = TimeSpan.FromSeconds(1);

    private readonly PodWorkerServices _services;
    private readonly ILogger _logger;
    private readonly Func<PodWorker, V1Pod, CancellationToken, Task<PodVerdict?>> _admit;
    private readonly WakeSignal _wake = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, WaitingReason> _waiting = [];
    private readonly Dictionary<string, BackOffEntry> _backOffs = [];
    private readonly Dictionary<string, string> _messages = [];
    private readonly Dictionary<string, SteadyTime> _ends = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _unmounted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private V1Pod _pod;
    private CancellationTokenSource? _step;
    private PodVerdict? _verdict;
    private TimeSpan? _verdictGrace;
    private SteadyTime? _startedAt;
    private long? _seenAt;
    private volatile Stage _stage;
    private volatile bool _removed;
    private volatile bool _volumesStale = true; // an agent that started again finds what it has to renew
    private string _lastVolumeProblem = "";

    public PodWorker(
        V1Pod pod, PodWorkerServices services, Func<PodWorker, V1Pod, CancellationToken, Task<PodVerdict?>> admit)
    {
        _pod = pod;
        _services = services;
        _logger = services.Logger;
        _volumeTroubles = new VolumeTroubles(services.Time);
        _admit = admit;
        _seenAt = pod.Status?.StartTime is null ? services.Time.GetTimestamp() : null;
    }

    private enum Stage
    {
        Syncing,
        Terminating,
        Terminated,
        Finished,
    }

    public string Uid => _pod.Metadata.Uid;

    public V1Pod Pod => _pod;

    /// <summary>The same with what the node has given it instead of what it asks for now.</summary>
    public V1Pod Allocated => _services.Allocations.Apply(_pod);

    /// <summary>The node accepted it.</summary>
    public bool Admitted { get; private set; }

    /// <summary>
    /// It counts against the node's resources until it has ended: from before it is admitted, as others are judged
    /// while plugins or pods that go for it still keep it waiting. Who admits sets it.
    /// </summary>
    public bool HasRoom { get; set; }

    /// <summary>It uses no resources any more.</summary>
    public bool Ended => _stage is Stage.Terminated or Stage.Finished;

    /// <summary>Completes when it uses none, or nobody works on it any more.</summary>
    public Task WhenEnded => _ended.Task;

    /// <summary>Completes when its volumes are unmounted, too, or nobody works on it any more.</summary>
    public Task WhenUnmounted => _unmounted.Task;

    public bool IsSyncing => _stage == Stage.Syncing;

    /// <summary>Takes a newer version of the object.</summary>
    public void Update(V1Pod pod)
    {
        lock (_lock)
        {
            var ends = pod.Metadata.DeletionTimestamp is not null
                && (_pod.Metadata.DeletionTimestamp is null
                    || pod.Metadata.DeletionGracePeriodSeconds < _pod.Metadata.DeletionGracePeriodSeconds);
            if (pod.Metadata.Generation != _pod.Metadata.Generation)
            {
                _dependenciesChanged = true;
            }

            _pod = pod;
            if (ends && _stage != Stage.Terminated)
            {
                _step?.Cancel();
            }
        }

        Wake();
    }

    /// <summary>The object is gone from the API: nothing may be left here.</summary>
    public void Remove(V1Pod last)
    {
        lock (_lock)
        {
            _pod = last;
            _removed = true;
            if (_stage == Stage.Syncing)
            {
                _step?.Cancel();
            }
        }

        Wake();
    }

    /// <summary>
    /// Ends the pod for a reason of the node's: it fails with it. One that ends already is ended sooner by less grace.
    /// </summary>
    public void End(PodVerdict verdict, TimeSpan? grace)
    {
        lock (_lock)
        {
            if ((_stage == Stage.Syncing && _verdict is null)
                || (_stage == Stage.Terminating && grace < EndGrace(_pod)))
            {
                (_verdict, _verdictGrace) = (verdict, grace);
                _step?.Cancel();
            }
        }

        Wake();
    }

    /// <summary>A ConfigMap, Secret or label that the pod's volumes show may have changed.</summary>
    public void RefreshVolumes()
    {
        _volumesStale = true;
        _dependenciesChanged = true;
        Wake();
    }

    public void Wake() => _wake.Set();

    public async Task RunAsync(CancellationToken stoppingToken)
    {
        try
        {
            await WorkAsync(stoppingToken);
        }
        finally
        {
            _ended.TrySetResult();
            _unmounted.TrySetResult();
        }
    }

    private async Task WorkAsync(CancellationToken stoppingToken)
    {
        await _services.Runtime.FirstListAsync(stoppingToken);
        var retry = FirstRetry;
        var delay = TimeSpan.Zero;
        while (_stage != Stage.Finished && !stoppingToken.IsCancellationRequested)
        {
            await _wake.WaitAsync(delay, _services.Time, stoppingToken);
            try
            {
                await _services.Health.WhenUpAsync(stoppingToken);
                delay = await StepAsync(stoppingToken);
                retry = FirstRetry;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (OperationCanceledException)
            {
                delay = TimeSpan.Zero; // something more urgent came
            }
            catch (Exception exception)
            {
                LogStepFailed(_pod.Display(), exception.Message);
                delay = retry;
                retry = retry * 2 < MaxRetry ? retry * 2 : MaxRetry;
            }
        }
    }

    private async Task<TimeSpan> StepAsync(CancellationToken stoppingToken)
    {
        using var step = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        V1Pod pod;
        lock (_lock)
        {
            _step = step;
            pod = _services.Allocations.Apply(_pod);
            if (_stage == Stage.Syncing && MustEnd(pod))
            {
                _stage = Stage.Terminating;
            }
        }

        try
        {
            switch (_stage)
            {
                case Stage.Syncing:
                    var started = _services.Time.GetTimestamp();
                    var next = await SyncAsync(pod, step.Token);
                    _services.Meters.PodWorker.Record(_services.Time.GetElapsedTime(started), "sync");
                    return next;
                case Stage.Terminating:
                    await TerminateAsync(pod, step.Token);
                    return TimeSpan.Zero;
                default:
                    return await CleanUpAsync(pod, step.Token);
            }
        }
        finally
        {
            lock (_lock)
            {
                _step = null;
            }
        }
    }

    private bool MustEnd(V1Pod pod) =>
        _removed || _verdict is not null || pod.Metadata.DeletionTimestamp is not null || pod.HasTerminalPhase();

    private PodStatusInput StatusInput(V1Pod pod, PodRuntimeState observed, bool isTerminated) => new()
    {
        Pod = WithKnownStatus(pod),
        Observed = observed,
        Now = _services.Time.GetUtcNow(),
        HostIps = _services.Sandboxes.HostIps,
        Ready = _services.Probes.Ready(observed),
        Started = _services.Probes.Started(observed),
        Waiting = _waiting,
        TerminationMessages = _messages,
        Limits = ActualLimits(pod, observed),
        PodLimits = _services.Cgroups.Limits(pod),
        Actuated = _services.Allocations.Actuated.Get(Uid),
        Resize = isTerminated ? [] : _services.Allocations.Conditions(pod).Current,
        Verdict = isTerminated ? _verdict : null, // a pod has not failed while its containers still run
        IsTerminated = isTerminated,
        Abilities = _services.Health.Abilities,
        Devices = _lastDevices ?? DevicesOf(pod),
    };

    /// <summary>Whether the devices of containers work, by name of the container.</summary>
    private Dictionary<string, IList<V1ResourceStatus>> DevicesOf(V1Pod pod)
    {
        var devices = new Dictionary<string, IList<V1ResourceStatus>>();
        foreach (var container in pod.Spec.Containers)
        {
            IList<V1ResourceStatus> known =
            [
                .. _services.Devices.HealthOf(pod, container) ?? [],
                .. _services.PluggedDevices.HealthOf(pod, container),
            ];
            if (known.Count > 0)
            {
                devices[container.Name] = known;
            }
        }

        return devices;
    }

    /// <summary>
    /// Our own newest conditions, which the API may not have yet, and those of others as the API has them. A phase that
    /// is for ever counts whoever has set it, and a reason of others stays with the phase that it was given to.
    /// </summary>
    private V1Pod WithKnownStatus(V1Pod pod)
    {
        if (_services.Statuses.Current(Uid) is not { } current)
        {
            return pod;
        }

        var ours = (current.Conditions ?? []).Where(c => PodConditions.IsOurs(c.Type)).ToList();
        var others = (pod.Status?.Conditions ?? []).Where(c => !PodConditions.IsOurs(c.Type));
        var isLast = pod.HasTerminalPhase();
        return pod with
        {
            Status = current with
            {
                Conditions = [.. ours, .. others],
                QosClass = pod.Status?.QosClass,
                Phase = isLast ? pod.Status!.Phase : current.Phase,
                Reason = isLast ? pod.Status!.Reason : current.Reason ?? pod.Status?.Reason,
                Message = isLast ? pod.Status!.Message : current.Message ?? pod.Status?.Message,
            },
        };
    }

    /// <summary>Computes and hands over the status; returns its phase.</summary>
    private string Publish(V1Pod pod, PodRuntimeState observed, bool isTerminated = false)
    {
        ReadMessages(observed);
        var status = _removed ? null : PodStatusComputer.Compute(StatusInput(pod, observed, isTerminated));
        if (isTerminated)
        {
            Release(pod); // once its status has told of its devices, and before anybody hears that they are free
            lock (_lock)
            {
                _stage = Stage.Terminated;
            }
        }

        if (status is null)
        {
            return pod.Status?.Phase ?? "";
        }

        var phase = status.Phase;
        if (!isTerminated && phase is PodFacts.Failed or PodFacts.Succeeded && !pod.HasTerminalPhase())
        {
            HoldBack(pod, status);
        }

        _services.Statuses.Set(pod, status);
        if (_seenAt is { } seen && phase == "Running")
        {
            _services.Meters.PodStart.Record(_services.Time.GetElapsedTime(seen));
            _seenAt = null; // once a pod
        }

        return phase;
    }

    /// <summary>
    /// Nobody hears that a pod has ended while it holds anything yet: upstream's status manager, too, keeps the phase
    /// of a pod that could still have running containers.
    /// </summary>
    private void HoldBack(V1Pod pod, V1PodStatus status)
    {
        var told = _services.Statuses.Current(Uid) ?? pod.Status;
        (status.Phase, status.Reason, status.Message) = (told?.Phase ?? "Running", told?.Reason, told?.Message);
    }

    private void ReadMessages(PodRuntimeState observed)
    {
        foreach (var ended in observed.Containers.Where(c => c.IsExited && !_messages.ContainsKey(c.Id)))
        {
            if (_services.Messages.Read(Uid, ended) is { } message)
            {
                _messages[ended.Id] = message;
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Pod {Pod}: {Problem}; trying again")]
    private partial void LogStepFailed(string pod, string problem);

    [LoggerMessage(2, LogLevel.Information, "Pod {Pod} is ending ({Grace} s)")]
    private partial void LogEnding(string pod, double grace);

    [LoggerMessage(3, LogLevel.Information, "Pod {Pod} is gone")]
    private partial void LogGone(string pod);

    [LoggerMessage(4, LogLevel.Warning, "That what pod {Pod} had is free could not be written: {Problem}")]
    private partial void LogNotWritten(string pod, string problem);
}
