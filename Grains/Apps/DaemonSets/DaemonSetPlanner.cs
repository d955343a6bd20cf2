using k8s.Models;
using OrleansOrchestrator.Grains.Apps.Deployments;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Scheduling;

namespace OrleansOrchestrator.Grains.Apps.DaemonSets;

/// <summary>
/// The decisions of a DaemonSet. First every node gets its pod and loses what is too many; only when that leaves
/// nothing to do, old pods are replaced: without surge by deleting as many as may be unavailable, with surge by
/// starting new ones beside them, which replace them once they are available.
/// </summary>
public static class DaemonSetPlanner
{
    /// <summary>
    /// Most creates, and most deletes, of one step; twice upstream's, since a step looks at all nodes and pods.
    /// </summary>
    public const int Burst = 500;

    /// <summary>
    /// What to do now, and what to tell: of thousands of nodes and pods, so they are sorted once for both.
    /// </summary>
    public static DaemonSetPlan Compute(DaemonSetObserved observed, DateTimeOffset now)
    {
        var pass = new Pass(observed, now);
        var plan = pass.Manage();
        if (plan.IsSettled && observed.Set.Spec.UpdateStrategy?.Type is not "OnDelete")
        {
            plan = pass.Update(plan);
        }

        return plan with
        {
            Create = [.. plan.Create.Take(Burst)],
            Delete = [.. plan.Delete.Take(Burst)],
            IsCut = Math.Max(plan.Create.Count, plan.Delete.Count) > Burst,
            Status = StatusOf(observed.Set, pass),
        };
    }

    private static V1DaemonSetStatus? StatusOf(V1DaemonSet set, Pass pass)
    {
        var old = set.Status;
        var next = pass.Count();
        next.ObservedGeneration = set.Metadata.Generation;
        next.CollisionCount = old?.CollisionCount;
        next.Conditions = old?.Conditions;
        return old is not null && Facts(old) == Facts(next) && old.ObservedGeneration >= next.ObservedGeneration
            ? null
            : next;
    }

    private static (int, int, int, int, int, int, int) Facts(V1DaemonSetStatus status) => (
        status.DesiredNumberScheduled,
        status.CurrentNumberScheduled,
        status.NumberMisscheduled,
        status.NumberReady,
        status.UpdatedNumberScheduled ?? 0,
        status.NumberAvailable ?? 0,
        status.NumberUnavailable ?? 0);

    private static int? NotZero(int count) => count == 0 ? null : count;

    /// <summary>One look at all nodes and pods.</summary>
    private sealed class Pass
    {
        private readonly DaemonSetObserved _observed;
        private readonly V1DaemonSet _set;
        private readonly DateTimeOffset _now;
        private readonly int _minReady;
        private readonly string? _generation;
        private readonly Dictionary<string, NodeFitness> _fitness;

        /// <summary>
        /// By the node that they are on or meant for, oldest first; finished ones that are going already are left out.
        /// </summary>
        private readonly Dictionary<string, List<PodFacts>> _pods = new(StringComparer.Ordinal);

        private readonly List<string> _create = [];
        private readonly List<PodFacts> _delete = [];
        private readonly List<string> _failed = [];
        private readonly List<EventNote> _events = [];
        private TimeSpan? _next;

        public Pass(DaemonSetObserved observed, DateTimeOffset now)
        {
            _observed = observed;
            _set = observed.Set;
            _now = now;
            _minReady = _set.Spec.MinReadySeconds ?? 0;
            _generation = DaemonPods.GenerationOf(_set);
            var fitness = DaemonPods.FitnessFor(_set.Spec.Template);
            _fitness = observed.Nodes.ToDictionary(n => n.Name, fitness, StringComparer.Ordinal);
            foreach (var pod in observed.Pods.Where(p => !(p.IsFinished && p.IsTerminating)))
            {
                if (DaemonPods.TargetOf(pod) is { } node)
                {
                    Add(node, pod);
                }
            }
        }

        private int Desired => _fitness.Values.Count(f => f == NodeFitness.Fit);

        public DaemonSetPlan Manage()
        {
            foreach (var (node, fitness) in _fitness)
            {
                ManageNode(node, fitness, _pods.GetValueOrDefault(node, []));
            }

            // A pod that waits for a node that is gone waits for ever, and nobody else collects it.
            _delete.AddRange(_pods
                .Where(p => !_fitness.ContainsKey(p.Key))
                .OrderBy(p => p.Key, StringComparer.Ordinal)
                .SelectMany(p => p.Value)
                .Where(p => p.NodeName.Length == 0 && !p.IsTerminating));
            return new DaemonSetPlan
            {
                Create = _create, Delete = _delete, Failed = _failed, Events = _events, NextCheck = NextCheck(),
            };
        }

        public DaemonSetPlan Update(DaemonSetPlan plan)
        {
            if (_observed.Pods.All(p => p.IsTerminating || IsUpdated(p)))
            {
                return plan; // nearly always
            }

            var rolling = _set.Spec.UpdateStrategy?.RollingUpdate;
            var surge = Scale(rolling?.MaxSurge, Desired);
            var unavailable = Scale(rolling?.MaxUnavailable, Desired);
            if (surge == 0)
            {
                // A share of no nodes is none; of some, at least one moves on.
                return plan with { Delete = Replaceable(Math.Max(unavailable, Math.Min(Desired, 1))) };
            }

            var (create, delete) = Surge(surge);
            return plan with { Create = create, Delete = delete };
        }

        public V1DaemonSetStatus Count()
        {
            int desired = 0, current = 0, misscheduled = 0, ready = 0, updated = 0, available = 0;
            foreach (var (node, fitness) in _fitness)
            {
                var pod = _pods.GetValueOrDefault(node)?[0];
                if (fitness != NodeFitness.Fit)
                {
                    misscheduled += pod is null ? 0 : 1;
                    continue;
                }

                desired++;
                if (pod is not null)
                {
                    current++;
                    ready += pod.IsReady ? 1 : 0;
                    available += IsAvailable(pod) ? 1 : 0;
                    updated += IsUpdated(pod) ? 1 : 0;
                }
            }

            return new V1DaemonSetStatus
            {
                DesiredNumberScheduled = desired,
                CurrentNumberScheduled = current,
                NumberMisscheduled = misscheduled,
                NumberReady = ready,
                UpdatedNumberScheduled = NotZero(updated),
                NumberAvailable = NotZero(available),
                NumberUnavailable = NotZero(desired - available),
            };
        }

        /// <summary>Nearly every node has one pod, which needs no order.</summary>
        private void Add(string node, PodFacts pod)
        {
            if (!_pods.TryGetValue(node, out var pods))
            {
                _pods[node] = [pod];
                return;
            }

            var at = pods.FindIndex(p => IsBefore(pod, p));
            pods.Insert(at < 0 ? pods.Count : at, pod);
        }

        /// <summary>Those on the node first, then the older ones.</summary>
        private static bool IsBefore(PodFacts a, PodFacts b)
        {
            var order = (a.NodeName.Length == 0).CompareTo(b.NodeName.Length == 0);
            order = order != 0
                ? order
                : Nullable.Compare(a.Item.Metadata.CreationTimestamp, b.Item.Metadata.CreationTimestamp);
            return (order != 0 ? order : string.CompareOrdinal(a.Key.Name, b.Key.Name)) < 0;
        }

        private void ManageNode(string node, NodeFitness fitness, List<PodFacts> pods)
        {
            if (fitness == NodeFitness.Fit && pods.Count == 0)
            {
                _create.Add(node);
                return;
            }

            if (fitness == NodeFitness.Unfit)
            {
                _delete.AddRange(pods.Where(p => !p.IsTerminating));
                return;
            }

            if (pods is [{ IsActive: true }])
            {
                return; // nearly always
            }

            var running = new List<PodFacts>();
            foreach (var pod in pods.Where(p => !p.IsTerminating))
            {
                if (pod.IsFinished)
                {
                    Replace(node, pod);
                }
                else
                {
                    running.Add(pod);
                }
            }

            if (!AllowsSurge())
            {
                _delete.AddRange(running.Skip(1));
            }
            else if (running.Count == 0 && fitness == NodeFitness.Fit)
            {
                _create.Add(node);
            }
            else if (running.Count > 1)
            {
                PruneSurge(running);
            }
        }

        /// <summary>A daemon that ended is deleted; the next look finds the node without one.</summary>
        private void Replace(string node, PodFacts pod)
        {
            var what = $"daemon pod {pod.Key} on node {node}";
            if (pod.Phase == PodPhase.Succeeded)
            {
                var found = $"Found succeeded {what}, will try to delete it";
                _events.Add(EventNote.Normal(_set, "SucceededDaemonPod", found));
                _delete.Add(pod);
                return;
            }

            if (_observed.BackOff(node) is { } left)
            {
                Soon(left);
                return;
            }

            _events.Add(EventNote.Warning(_set, "FailedDaemonPod", $"Found failed {what}, will try to kill it"));
            _failed.Add(node);
            _delete.Add(pod);
        }

        /// <summary>
        /// Two may run side by side while the new one is not available and the old one is ready; of each only the
        /// oldest.
        /// </summary>
        private void PruneSurge(List<PodFacts> running)
        {
            var fresh = running.Find(HasHash);
            var old = running.Find(p => !HasHash(p));
            _delete.AddRange(running.Where(p => !ReferenceEquals(p, fresh) && !ReferenceEquals(p, old)));
            if (fresh is not null && old is not null && (!old.IsReady || IsAvailable(fresh)))
            {
                _delete.Add(old);
            }
        }

        /// <summary>
        /// Old pods to delete: those that serve nobody, and of the others as many as may become unavailable yet.
        /// </summary>
        private List<PodFacts> Replaceable(int maxUnavailable)
        {
            var unavailable = 0;
            List<PodFacts> broken = [], candidates = [];
            foreach (var node in NodesOfInterest())
            {
                switch (OnNode(node))
                {
                    case (null, { } old, true) when IsAvailable(old):
                        candidates.Add(old);
                        break;
                    case (null, { } old, true):
                        broken.Add(old);
                        unavailable++;
                        break;
                    case ({ } fresh, null, true) when IsAvailable(fresh):
                        break;
                    default:
                        unavailable++;
                        break;
                }
            }

            return [.. broken, .. candidates.Take(Math.Max(0, maxUnavailable - unavailable))];
        }

        private (List<string> Create, List<PodFacts> Delete) Surge(int maxSurge)
        {
            List<string> needed = [], candidates = [];
            List<PodFacts> delete = [], unfit = [];
            int surging = 0, available = 0;
            foreach (var node in NodesOfInterest())
            {
                var (fresh, old, isClear) = OnNode(node);
                surging += !isClear || (fresh is not null && old is not null && !IsAvailable(fresh)) ? 1 : 0;
                available += (old ?? fresh) is { } serving && IsAvailable(serving) ? 1 : 0;
                if (old is null)
                {
                    continue;
                }

                var isFit = _fitness.GetValueOrDefault(node) == NodeFitness.Fit;
                if (fresh is not null)
                {
                    delete.AddRange(IsAvailable(fresh) ? [old] : []);
                }
                else if (isFit)
                {
                    (IsAvailable(old) ? candidates : needed).Add(node);
                }
                else
                {
                    (IsAvailable(old) ? unfit : delete).Add(old);
                }
            }

            // Whoever surges wants to be served all the time: a pod where none belongs any more goes when another is
            // there instead.
            delete.AddRange(unfit.Take(Math.Max(0, available - Desired)));
            return ([.. needed, .. candidates.Take(Math.Max(0, maxSurge - surging))], delete);
        }

        /// <summary>Nodes that have pods, and nodes that should have one.</summary>
        private IEnumerable<string> NodesOfInterest() => _pods.Keys
            .Union(_fitness.Where(f => f.Value == NodeFitness.Fit).Select(f => f.Key), StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);

        /// <summary>The living pods of a node; not clear when there are several of a sort.</summary>
        private (PodFacts? Fresh, PodFacts? Old, bool IsClear) OnNode(string node)
        {
            var living = _pods.GetValueOrDefault(node, []).Where(p => !p.IsTerminating).ToLookup(IsUpdated);
            return living[true].Count() > 1 || living[false].Count() > 1
                ? (null, null, false)
                : (living[true].FirstOrDefault(), living[false].FirstOrDefault(), true);
        }

        private TimeSpan? NextCheck()
        {
            foreach (var pod in _observed.Pods.Where(p => p.IsReady && !IsAvailable(p)))
            {
                Soon((pod.ReadySince ?? _now).AddSeconds(_minReady) - _now);
            }

            return _next;
        }

        private void Soon(TimeSpan left) => _next = _next is null || left < _next ? left : _next;

        private bool AllowsSurge() =>
            _set.Spec.UpdateStrategy is { Type: not "OnDelete", RollingUpdate.MaxSurge: { } surge }
            && Scale(surge, 1) > 0;

        private static int Scale(IntOrString? value, int pods) =>
            RolloutBounds.Scale(value?.Value ?? "0", pods, Math.Ceiling);

        /// <summary>The template's generation counts too, as upstream's: also on pods that another set left.</summary>
        private bool IsUpdated(PodFacts pod) => HasHash(pod)
            || (_generation is not null && pod.Labels.GetValueOrDefault(DaemonPods.GenerationLabel) == _generation);

        private bool HasHash(PodFacts pod) => pod.Labels.GetValueOrDefault(DaemonPods.HashLabel) == _observed.Hash;

        private bool IsAvailable(PodFacts pod) => pod.IsAvailable(_minReady, _now);
    }
}
