using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods.Resizing;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>
/// Decides what a pod needs next from its spec and what the runtime has. Rules, in order:
/// when an end makes all begin anew, all are ended and removed, whatever else there would be to do;
/// a pod needs one ready sandbox, and what ran in another one does not count;
/// init containers run one after the other, each to success; a sidecar must have started before the next one begins,
/// and is kept running ever after; once a regular container exists, initialization is over and is not repeated;
/// regular containers start together; whatever stops is followed by the restart policy, with back-off;
/// when nothing but sidecars is left, the pod is done and they are stopped;
/// what was given other amounts than it has is resized, or restarted where its policy says so.
/// Never two running instances of one container: a start is planned only where no instance runs, or after its kill.
/// </summary>
public static class PodPlanner
{
    public static PodPlan Compute(PodPlanInput input)
    {
        if (PodFacts.RestartsAll(input.Pod, input.Observed))
        {
            return new PodPlan { Resets = Resets(input) };
        }

        var sandbox = UsableSandbox(input);
        return sandbox is null ? WithoutSandbox(input) : new SandboxPlanner(input, sandbox.Id).Compute();
    }

    /// <summary>Those that are the reason come last: while one is left, all that is left still has to go.</summary>
    private static List<ContainerRecord> Resets(PodPlanInput input)
    {
        var containers = input.Pod.Inits().Concat(input.Pod.Spec.Containers).ToDictionary(static c => c.Name);
        return
        [
            .. input.Observed.Containers.Where(r => containers.ContainsKey(r.Name))
                .OrderBy(r => PodFacts.RestartsAll(containers[r.Name], r)),
        ];
    }

    /// <summary>The newest sandbox, if it is ready and fits the pod; older ones are never used again.</summary>
    private static SandboxRecord? UsableSandbox(PodPlanInput input)
    {
        var newest = input.Observed.NewestSandbox;
        var fits = newest is { Ready: true }
            && newest.HostNetwork == input.Pod.UsesHostNetwork()
            && (newest.HostNetwork || newest.Ips.Count > 0);
        return fits ? newest : null;
    }

    private static PodPlan WithoutSandbox(PodPlanInput input)
    {
        var newest = input.Observed.NewestSandbox;
        var plan = new PodPlan { KillPod = newest is not null || input.Observed.AnyRunning };
        var ranBefore = input.Observed.Containers.Count > 0;
        if (ranBefore && input.Pod.Spec.RestartPolicy == PodFacts.Never)
        {
            return plan; // what ran is lost and nothing restarts it
        }

        var wanted = input.Pod.Spec.Containers
            .Where(c => input.Observed.Newest(c.Name) is not { } r || PodFacts.ShouldRestart(input.Pod, c, Stopped(r)))
            .ToList();
        if (wanted.Count == 0)
        {
            return plan;
        }

        var starts = input.Pod.Inits() is [var first, ..] ? [first] : wanted;
        return plan with
        {
            NewSandboxAttempt = newest is null ? 0 : newest.Attempt + 1,
            Starts = [.. starts.Select(c => new ContainerStart(c, input.Observed.Newest(c.Name)))],
        };
    }

    /// <summary>An instance in a dead sandbox is as good as killed, whatever the runtime still says.</summary>
    private static ContainerRecord Stopped(ContainerRecord record) => record.IsRunning
        ? record with { State = ContainerState.ContainerExited, ExitCode = LostContainers.ExitCode }
        : record;

    /// <summary>The decisions inside one ready sandbox.</summary>
    private sealed class SandboxPlanner(PodPlanInput input, string sandboxId)
    {
        private readonly List<ContainerKill> _kills = [];
        private readonly List<ContainerStart> _starts = [];
        private readonly List<ContainerWait> _waits = [];
        private readonly List<ContainerResize> _resizes = [];

        public PodPlan Compute()
        {
            StartEphemeral();
            var initialized = input.Pod.Spec.Containers.Any(c => Current(c) is not null);
            switch (Initialize(initialized))
            {
                case InitState.Failed:
                    return new PodPlan { KillPod = input.Observed.AnyRunning };
                case InitState.Done when KeepRegular() == 0:
                    return new PodPlan { KillPod = true };
            }

            var resize = Resize();
            return new PodPlan { Kills = _kills, Starts = _starts, Waits = _waits, Resize = resize };
        }

        private ContainerRecord? Current(V1Container container) =>
            input.Observed.NewestIn(sandboxId, container.Name);

        private void StartEphemeral()
        {
            foreach (var container in (input.Pod.Spec.EphemeralContainers ?? []).Select(PodFacts.AsContainer))
            {
                if (Current(container) is null)
                {
                    _starts.Add(new ContainerStart(container, input.Observed.Newest(container.Name)));
                }
            }
        }

        private InitState Initialize(bool initialized)
        {
            var inits = input.Pod.Inits();
            var begun = inits.Select((c, i) => Current(c) is null ? -1 : i).DefaultIfEmpty(-1).Max();
            for (var i = 0; i < inits.Count; i++)
            {
                // One after which others have begun was done: its record was collected.
                var isPast = i < begun && Current(inits[i]) is null;
                var state = inits[i].IsSidecar() && (initialized || !isPast) ? KeepSidecar(inits[i])
                    : initialized || isPast ? InitState.Done
                    : RunInit(inits[i]);
                if (state == InitState.Failed)
                {
                    return InitState.Failed;
                }

                if (state == InitState.Waiting && !initialized)
                {
                    return InitState.Waiting;
                }
            }

            return InitState.Done;
        }

        private InitState RunInit(V1Container container)
        {
            var record = Current(container);
            if (record is { IsRunning: true })
            {
                return InitState.Waiting;
            }

            if (record is { IsExited: true, ExitCode: 0 })
            {
                return InitState.Done;
            }

            if ((record is { IsExited: true } && !PodFacts.RestartsAfter(input.Pod, container, record.ExitCode))
                || (record is { State: ContainerState.ContainerUnknown }
                    && !PodFacts.RestartsOnFailure(input.Pod, container)))
            {
                return InitState.Failed;
            }

            StartOrWait(container, record);
            return InitState.Waiting;
        }

        private InitState KeepSidecar(V1Container container)
        {
            var record = Current(container);
            if (record is not { IsRunning: true })
            {
                StartOrWait(container, record);
                return InitState.Waiting;
            }

            KillIfUnwanted(container, record);
            return input.Started.Contains(record.Id) ? InitState.Done : InitState.Waiting;
        }

        /// <summary>Returns how many regular containers run or will: zero means that the pod is done.</summary>
        private int KeepRegular()
        {
            var kept = 0;
            foreach (var container in input.Pod.Spec.Containers)
            {
                var record = Current(container);
                if (record is { IsRunning: true })
                {
                    kept++;
                    KillIfUnwanted(container, record);
                }
                else if (PodFacts.ShouldRestart(input.Pod, container, record))
                {
                    kept++;
                    StartOrWait(container, record);
                }
            }

            return kept;
        }

        private void KillIfUnwanted(V1Container container, ContainerRecord record)
        {
            var verdict = input.Verdicts.GetValueOrDefault(record.Id);
            var isOther = record.Hash != PodFacts.Hash(container);
            var problem = verdict switch
            {
                _ when isOther => "definition changed",
                ProbeVerdict.LivenessFailed => "failed liveness probe",
                ProbeVerdict.StartupFailed => "failed startup probe",
                _ => null,
            };
            if (problem is not null)
            {
                var restarts = isOther || PodFacts.RestartsOnFailure(input.Pod, container);
                _kills.Add(new ContainerKill(
                    record, container, KillMessage(container, problem, restarts), verdict));
                if (restarts)
                {
                    Replace(container, record, isOther);
                }
            }
            else if (ContainerResize.Of(input.Pod, container, record, input.Actuated) is { } resize)
            {
                _resizes.Add(resize);
            }
        }

        /// <summary>
        /// Starts the next instance at once, whatever the killed one says as it ends: its back-off counts from the one
        /// before. One still in back-off is only killed, and then waits from that end on.
        /// </summary>
        private void Replace(V1Container container, ContainerRecord record, bool isOther)
        {
            var ended = input.Observed.Containers.FirstOrDefault(c => c.Name == container.Name && c.IsExited);
            if (isOther || ended is null || BackOff(container, ended) is null)
            {
                _starts.Add(new ContainerStart(container, record) { Ended = ended });
            }
        }

        private static string KillMessage(V1Container container, string problem, bool restarts) =>
            container.IsSidecar()
                ? $"Init container {container.Name} {problem}"
                : $"Container {container.Name} {problem}{(restarts ? ", will be restarted" : "")}";

        /// <summary>
        /// Those that restart get their new amounts by that, but the pod must have room for them first.
        /// </summary>
        private PodResize Resize()
        {
            var restarts = _resizes.Where(r => r.NeedsRestart).ToList();
            foreach (var container in restarts.Select(r => r.Container))
            {
                var record = Current(container)!;
                _kills.Add(new ContainerKill(
                    record, container, $"Container {container.Name} resize requires restart", ProbeVerdict.Healthy));
                Replace(container, record, isOther: false);
            }

            var podLevel = input.Observed.AnyRunning
                && ResourceAmounts.Of(input.Pod.Spec.Resources) != ResourceAmounts.Of(input.Actuated?.Pod);
            return new PodResize([.. _resizes.Except(restarts)], restarts.Count > 0 || podLevel);
        }

        private void StartOrWait(V1Container container, ContainerRecord? current)
        {
            if (current is { IsExited: true })
            {
                if (BackOff(container, current) is { } wait)
                {
                    _waits.Add(wait);
                    return;
                }
            }
            else if (current is { State: ContainerState.ContainerUnknown })
            {
                var what = input.Pod.Inits().Any(c => c.Name == container.Name) ? "Init container" : "Container";
                _kills.Add(new ContainerKill(
                    current, container, $"{what} is in \"unknown\" state, try killing it before restart",
                    ProbeVerdict.Healthy));
            }

            _starts.Add(new ContainerStart(container, current ?? input.Observed.Newest(container.Name)));
        }

        /// <summary>
        /// How long after that end the container waits; null when it may start. One that has become another begins
        /// anew: upstream's delays are kept by what a container is.
        /// </summary>
        private ContainerWait? BackOff(V1Container container, ContainerRecord ended)
        {
            if (ended.Hash != PodFacts.Hash(container)
                || !input.BackOffs.TryGetValue(container.Name, out var entry))
            {
                return null;
            }

            var failedAt = input.Ends.GetValueOrDefault(ended.Id, input.Now);
            return BackOffEntry.WaitUntil(entry, failedAt, input.Now) is { } until
                ? new ContainerWait(container, entry.Delay, until)
                : null;
        }

        private enum InitState
        {
            Done,
            Waiting,
            Failed,
        }
    }
}
