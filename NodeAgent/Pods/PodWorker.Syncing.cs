using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>The first stage: plan, apply, report, until the plan is empty.</summary>
public sealed partial class PodWorker
{
    private async Task<TimeSpan> SyncAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        if (!await AdmitAsync(pod, cancellationToken) || IsPastDeadline(pod))
        {
            return TimeSpan.Zero;
        }

        ReleaseStarts();
        var observed = _services.Runtime.Get(Uid);
        _services.Probes.Sync(pod, observed);
        var plan = Plan(pod, observed);
        if (!plan.IsEmpty)
        {
            // the cache may be older than our own last action: only a fresh look may start or stop anything
            observed = await _services.Runtime.RefreshAsync(Uid, cancellationToken);
            _services.Probes.Sync(pod, observed);
            plan = Plan(pod, observed);
        }

        NoteWaits(pod, plan);
        NoteResize(pod, plan);
        if (!IsDone(Publish(pod, observed), plan, observed) && LacksNetwork(pod))
        {
            return NetworkRetry;
        }

        if (!plan.IsEmpty)
        {
            observed = await ApplyAsync(pod, plan, observed, cancellationToken);
            _services.Probes.Sync(pod, observed);
            NoteResize(pod, Plan(pod, observed));
        }
        else if (observed.AnyRunning && VolumesAreDue())
        {
            await SetUpVolumesAsync(pod, observed, cancellationToken);
        }

        if (IsDone(Publish(pod, observed), plan, observed))
        {
            lock (_lock)
            {
                _stage = Stage.Terminating;
            }

            return TimeSpan.Zero;
        }

        await _services.Sandboxes.PruneAsync(observed, cancellationToken);
        return NextLook(pod, plan);
    }

    /// <summary>
    /// While the runtime has no network for pods, nothing is done for those that need one; they are told of it each
    /// time, as upstream's kubelet does.
    /// </summary>
    private bool LacksNetwork(V1Pod pod)
    {
        if (_services.Health.NetworkProblem is not { } problem || pod.UsesHostNetwork())
        {
            return false;
        }

        _services.Events.Pod(pod, EventRecorder.Warning, "NetworkNotReady", $"network is not ready: {problem}");
        return true;
    }

    private static bool IsDone(string phase, PodPlan plan, PodRuntimeState observed) =>
        phase is PodFacts.Failed or PodFacts.Succeeded && plan is { Starts.Count: 0, Resets.Count: 0 }
            && !observed.AnyRunning;

    private async Task<bool> AdmitAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        if (Admitted)
        {
            return true;
        }

        if (await _admit(this, pod, cancellationToken) is not { } refusal)
        {
            Admitted = true;
            return true;
        }

        _services.Events.Pod(pod, EventRecorder.Warning, refusal.Reason, refusal.Message);
        Release(pod);
        lock (_lock)
        {
            _stage = Stage.Terminated;
        }

        _services.Statuses.Set(pod, PodStatusComputer.Rejected(pod, refusal, _services.Time.GetUtcNow()));
        _ended.TrySetResult();
        _services.Allocations.NoteFreed();
        return false;
    }

    private bool IsPastDeadline(V1Pod pod)
    {
        if (Deadline(pod) is not { } deadline || _services.Time.GetSteadyTime() < deadline)
        {
            return false;
        }

        const string message = "Pod was active on the node longer than the specified deadline";
        _services.Events.Pod(pod, EventRecorder.Normal, "DeadlineExceeded", message);
        End(new PodVerdict("DeadlineExceeded", message), null);
        return true;
    }

    /// <summary>The start is taken from the status once; from then on the pod's age is ours to measure.</summary>
    private SteadyTime? Deadline(V1Pod pod)
    {
        if (_startedAt is null && (_services.Statuses.Current(Uid) ?? pod.Status)?.StartTime is { } stamp)
        {
            _startedAt = _services.Time.ToSteadyTime(stamp.ToUniversalTime());
        }

        return pod.Spec.ActiveDeadlineSeconds is { } seconds ? _startedAt + Periods.Of(seconds) : null;
    }

    private PodPlan Plan(V1Pod pod, PodRuntimeState observed)
    {
        NoteEnds(observed);
        return PodPlanner.Compute(new PodPlanInput
        {
            Pod = pod,
            Observed = observed,
            Now = _services.Time.GetSteadyTime(),
            Ends = _ends,
            Verdicts = _services.Probes.Verdicts(observed),
            Started = _services.Probes.Started(observed),
            BackOffs = _backOffs,
            Actuated = _services.Allocations.Actuated.Get(Uid),
        });
    }

    /// <summary>The runtime stamps ends with the wall clock: they are translated when they are first seen.</summary>
    private void NoteEnds(PodRuntimeState observed)
    {
        foreach (var ended in observed.Containers.Where(c => c.IsExited))
        {
            _ends.TryAdd(ended.Id, _services.Time.ToSteadyTime(ended.FinishedAt ?? ended.CreatedAt));
        }

        foreach (var gone in _ends.Keys.Where(id => observed.Containers.All(c => c.Id != id)).ToList())
        {
            _ends.Remove(gone);
        }
    }

    /// <summary>Containers in back-off show as CrashLoopBackOff; entering it is an event.</summary>
    private void NoteWaits(V1Pod pod, PodPlan plan)
    {
        foreach (var wait in plan.Waits)
        {
            var reason = new WaitingReason(
                ContainerStatuses.CrashLoopBackOff,
                $"back-off {GoDuration.Format(wait.Delay)} restarting failed container={wait.Container.Name} pod={pod.Display()}");
            if (!_waiting.TryGetValue(wait.Container.Name, out var before) || before != reason)
            {
                _waiting[wait.Container.Name] = reason;
                _services.Events.Pod(pod, wait.Container, EventRecorder.Warning, "BackOff",
                    $"Back-off restarting failed container {wait.Container.Name} in pod {pod.Display()}");
            }
        }
    }

    private async Task<PodRuntimeState> ApplyAsync(
        V1Pod pod, PodPlan plan, PodRuntimeState observed, CancellationToken cancellationToken)
    {
        if (plan.Resets.Count > 0)
        {
            _waiting.Clear();
            _held.Clear();
            await _services.Sandboxes.ResetAsync(pod, plan.Resets, cancellationToken);
            Wake();
            return await _services.Runtime.RefreshAsync(Uid, cancellationToken);
        }

        if (plan.KillPod)
        {
            await KillForNewSandboxAsync(pod, plan, observed, cancellationToken);
        }

        foreach (var kill in plan.Kills)
        {
            await _services.Containers.KillAsync(
                pod, kill.Record, observed.PodIp, kill.Message,
                KillGrace(pod, kill), cancellationToken);
            Wake();
        }

        if (!plan.Resize.IsEmpty)
        {
            await ResizeAsync(pod, plan.Resize, cancellationToken);
        }

        if (plan.NewSandboxAttempt is not null || plan.Starts.Any(s => !IsHeld(s)))
        {
            await StartAsync(pod, plan, observed, cancellationToken);
        }

        return await _services.Runtime.RefreshAsync(Uid, cancellationToken);
    }

    private async Task KillForNewSandboxAsync(
        V1Pod pod, PodPlan plan, PodRuntimeState observed, CancellationToken cancellationToken)
    {
        if (plan.NewSandboxAttempt is not null)
        {
            _services.Events.Pod(
                pod, EventRecorder.Normal, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
        }

        await _services.Sandboxes.KillPodAsync(pod, observed, pod.Grace(), cancellationToken);
    }

    private async Task StartAsync(
        V1Pod pod, PodPlan plan, PodRuntimeState observed, CancellationToken cancellationToken)
    {
        var volumes = await SetUpVolumesAsync(pod, observed, cancellationToken);
        if (plan.NewSandboxAttempt is { } attempt)
        {
            await _services.Sandboxes.CreateAsync(pod, attempt, cancellationToken);
            _held.Clear();
            observed = await _services.Runtime.RefreshAsync(Uid, cancellationToken);
        }
        else if (plan.Resize.IsEmpty)
        {
            _services.Resizes.FitPod(pod);
        }

        var sandbox = observed.ReadySandbox
            ?? throw new InvalidOperationException("the sandbox stopped right after its start");
        await _services.Isolation.EnsureAsync(pod, cancellationToken);
        var config = _services.Sandboxes.Config(pod, sandbox.Attempt);
        var environment = await _services.EnvironmentAsync(pod, observed, cancellationToken);
        foreach (var start in plan.Starts.Where(s => !IsHeld(s)))
        {
            CountAttempt(start);
            var facts = new ContainerStartFacts
            {
                Pod = pod,
                Container = start.Container,
                RestartCount =
                    start.RestartCount ?? RestartCounts.AfterLogs(config.LogDirectory, start.Container.Name),
                LogDirectory = config.LogDirectory,
                Environment = environment,
                Volumes = volumes,
                TargetContainerId = Target(pod, start.Container, observed),
            };
            try
            {
                await _services.Containers.StartAsync(facts, sandbox.Id, config, cancellationToken);
                _waiting.Remove(start.Container.Name);
                _held.Remove(start.Container.Name);
                Wake();
            }
            catch (ContainerStartException exception)
            {
                _waiting[start.Container.Name] = new WaitingReason(exception.Reason, exception.Message);
                HoldStart(start, exception);
            }
        }
    }

    /// <summary>A start after an end counts for the next delay, whether it succeeds or not.</summary>
    private void CountAttempt(ContainerStart start)
    {
        if (start.Ended is { } ended)
        {
            BackOffEntry? before = ended.Hash == PodFacts.Hash(start.Container)
                && _backOffs.TryGetValue(start.Container.Name, out var known) ? known : null;
            var now = _services.Time.GetSteadyTime();
            _backOffs[start.Container.Name] = BackOffEntry.Next(before, _ends.GetValueOrDefault(ended.Id, now), now);
        }
    }

    private static TimeSpan KillGrace(V1Pod pod, ContainerKill kill)
    {
        var own = kill.Cause switch
        {
            ProbeVerdict.LivenessFailed => kill.Container.LivenessProbe?.TerminationGracePeriodSeconds,
            ProbeVerdict.StartupFailed => kill.Container.StartupProbe?.TerminationGracePeriodSeconds,
            _ => null,
        };
        return own is { } seconds ? Periods.Of(seconds) : pod.Grace();
    }

    private static string? Target(V1Pod pod, V1Container container, PodRuntimeState observed)
    {
        var target = pod.Spec.EphemeralContainers?.FirstOrDefault(e => e.Name == container.Name)?.TargetContainerName;
        return string.IsNullOrEmpty(target) ? null : observed.Newest(target)?.Id ?? "";
    }

    /// <summary>How long nothing needs to be done if nothing changes.</summary>
    private TimeSpan NextLook(V1Pod pod, PodPlan plan)
    {
        var now = _services.Time.GetSteadyTime();
        var times = new SteadyTime?[]
        {
            now + (_resizeFails && !plan.Resize.IsEmpty ? StartRetry : Resync),
            plan.WakeAt,
            NextStart(plan),
            Deadline(pod),
            _services.Volumes.NextRefresh(Uid),
        };
        var next = times.OfType<SteadyTime>().Min();
        return next > now ? next - now : FirstRetry;
    }
}
