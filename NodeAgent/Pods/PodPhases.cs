using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>The phase of a pod out of its container statuses, by upstream's counting. Pure.</summary>
public static class PodPhases
{
    public static string Compute(
        V1Pod pod, IReadOnlyList<V1ContainerStatus> inits, IReadOnlyList<V1ContainerStatus> containers, bool podIsTerminal)
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
                counts.AddInit(status);
            }
        }

        foreach (var container in pod.Spec.Containers)
        {
            counts.AddRegular(containers.FirstOrDefault(s => s.Name == container.Name));
        }

        return counts.Phase(pod.Spec.RestartPolicy ?? PodFacts.Always, podIsTerminal);
    }

    private struct Counts
    {
        private int _pendingInit;
        private int _failedInit;
        private int _unknown;
        private int _running;
        private int _waiting;
        private int _stopped;
        private int _succeeded;

        public void AddInit(V1ContainerStatus? status)
        {
            switch (status)
            {
                case { State.Terminated: { } ended }:
                    _failedInit += ended.ExitCode != 0 ? 1 : 0;
                    break;
                case { State.Waiting: not null, LastState.Terminated: { } ended }:
                    _failedInit += ended.ExitCode != 0 ? 1 : 0;
                    break;
                default:
                    _pendingInit++;
                    break;
            }
        }

        public void AddSidecar(V1ContainerStatus? status)
        {
            switch (status)
            {
                case { State.Running: not null }:
                    _running++;
                    _pendingInit += status.Started == true ? 0 : 1;
                    break;
                case { State.Terminated: not null }:
                case { State.Waiting: not null, LastState.Terminated: not null }:
                    break; // a sidecar that ended decides nothing
                case { State.Waiting: not null }:
                    _pendingInit++;
                    _waiting++;
                    break;
                default:
                    _pendingInit += status is null ? 0 : 1;
                    _unknown++;
                    break;
            }
        }

        public void AddRegular(V1ContainerStatus? status)
        {
            switch (status)
            {
                case { State.Running: not null }:
                    _running++;
                    break;
                case { State.Terminated: { } ended }:
                    _stopped++;
                    _succeeded += ended.ExitCode == 0 ? 1 : 0;
                    break;
                case { State.Waiting: not null, LastState.Terminated: not null }:
                    _stopped++;
                    break;
                case { State.Waiting: not null }:
                    _waiting++;
                    break;
                default:
                    _unknown++;
                    break;
            }
        }

        public readonly string Phase(string restartPolicy, bool podIsTerminal)
        {
            if (_failedInit > 0 && restartPolicy == PodFacts.Never)
            {
                return PodFacts.Failed;
            }

            if (_pendingInit > 0 || _waiting > 0)
            {
                return "Pending";
            }

            if (_running > 0 && _unknown == 0)
            {
                return "Running";
            }

            return _running == 0 && _stopped > 0 && _unknown == 0 ? Ended(restartPolicy, podIsTerminal) : "Pending";
        }

        private readonly string Ended(string restartPolicy, bool podIsTerminal)
        {
            var allSucceeded = _stopped == _succeeded;
            if (podIsTerminal)
            {
                return allSucceeded ? PodFacts.Succeeded : PodFacts.Failed;
            }

            return restartPolicy switch
            {
                PodFacts.Always => "Running",
                _ when allSucceeded => PodFacts.Succeeded,
                PodFacts.Never => PodFacts.Failed,
                _ => "Running",
            };
        }
    }
}
