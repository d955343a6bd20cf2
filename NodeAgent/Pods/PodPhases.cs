using k8s.Models;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>The phase of a pod out of its container statuses, by upstream's counting. Pure.</summary>
public static class PodPhases
{
    public const string Running = "Running";

    /// <param name="pod">The pod.</param>
    /// <param name="inits">What its init containers do.</param>
    /// <param name="containers">What its regular ones do.</param>
    /// <param name="podIsTerminal">Nothing of it runs any more.</param>
    /// <param name="hasInitialized">A regular one has begun: a sidecar that starts anew does not change that.</param>
    public static string Compute(
        V1Pod pod, IReadOnlyList<V1ContainerStatus> inits, IReadOnlyList<V1ContainerStatus> containers,
        bool podIsTerminal, bool hasInitialized)
    {
        var counts = new Counts();
        foreach (var container in pod.Inits())
        {
            var status = inits.FirstOrDefault(s => s.Name == container.Name);
            if (container.IsSidecar())
            {
                counts.AddSidecar(status);
            }
            else
            {
                counts.AddInit(pod, container, status);
            }
        }

        foreach (var container in pod.Spec.Containers)
        {
            counts.AddRegular(pod, container, containers.FirstOrDefault(s => s.Name == container.Name));
        }

        return counts.Phase(podIsTerminal, hasInitialized);
    }

    private struct Counts
    {
        private int _pendingInit;
        private int _pendingSidecars;
        private int _failedInit;
        private int _unknown;
        private int _running;
        private int _waiting;
        private int _stopped;
        private int _stoppedForGood;
        private int _succeeded;

        public void AddInit(V1Pod pod, V1Container container, V1ContainerStatus? status)
        {
            switch (status)
            {
                case { State.Terminated: { } ended }:
                    _failedInit += IsFailure(ended.ExitCode) ? 1 : 0;
                    break;
                case { State.Waiting: not null, LastState.Terminated: { } ended }:
                    _failedInit += !IsReset(ended) && IsFailure(ended.ExitCode) ? 1 : 0;
                    break;
                default:
                    _pendingInit++;
                    break;
            }

            bool IsFailure(int exitCode) => exitCode != 0 && !PodFacts.RestartsAfter(pod, container, exitCode);
        }

        public void AddSidecar(V1ContainerStatus? status)
        {
            switch (status)
            {
                case { State.Running: not null }:
                    _running++;
                    _pendingSidecars += status.Started == true ? 0 : 1;
                    break;
                case { State.Terminated: not null }:
                case { State.Waiting: not null, LastState.Terminated: not null }:
                    break; // a sidecar that ended decides nothing
                case { State.Waiting: not null }:
                    _waiting++;
                    break;
                default:
                    _pendingSidecars += status is null ? 0 : 1;
                    _unknown++;
                    break;
            }
        }

        public void AddRegular(V1Pod pod, V1Container container, V1ContainerStatus? status)
        {
            switch (status)
            {
                case { State.Running: not null }:
                    _running++;
                    break;
                case { State.Terminated: { } ended }:
                    Stop(isForGood: !PodFacts.RestartsAfter(pod, container, ended.ExitCode));
                    _succeeded += ended.ExitCode == 0 ? 1 : 0;
                    break;
                case { State.Waiting: not null, LastState.Terminated: { } ended }:
                    Stop(isForGood: !IsReset(ended) && !PodFacts.RestartsAfter(pod, container, ended.ExitCode));
                    break;
                case { State.Waiting: not null }:
                    _waiting++;
                    break;
                default:
                    _unknown++;
                    break;
            }
        }

        /// <summary>It was taken away to begin anew, whatever its policy says.</summary>
        private static bool IsReset(V1ContainerStateTerminated ended) =>
            ended.Reason == ContainerStatuses.RestartingAllContainers;

        private void Stop(bool isForGood)
        {
            _stopped++;
            _stoppedForGood += isForGood ? 1 : 0;
        }

        public readonly string Phase(bool podIsTerminal, bool hasInitialized)
        {
            if (_failedInit > 0)
            {
                return PodFacts.Failed;
            }

            if (_pendingInit > 0 || _waiting > 0 || (_pendingSidecars > 0 && !hasInitialized))
            {
                return "Pending";
            }

            if (_running > 0 && _unknown == 0)
            {
                return Running;
            }

            return _running == 0 && _stopped > 0 && _unknown == 0 ? Ended(podIsTerminal) : "Pending";
        }

        private readonly string Ended(bool podIsTerminal) =>
            !podIsTerminal && _stopped != _stoppedForGood ? Running
            : _stopped == _succeeded ? PodFacts.Succeeded
            : PodFacts.Failed;
    }
}
