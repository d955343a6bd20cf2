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

    /// <summary>
    /// One look at all nodes and pods, of which there may be thousands: what is asked of a pod is read once, and its
    /// node is looked up once.
    /// </summary>
    private sealed class Pass
    {
        private readonly DaemonSetObserved _observed;
        private readonly V1DaemonSet _set;
        private readonly DateTimeOffset _now;
        private readonly int _minReady;
        private readonly string? _generation;
        private readonly List<Daemon> _daemons;

        /// <summary>The nodes, in their order.</summary>
        private readonly List<Place> _places;

        /// <summary>Nodes that are gone, and of which pods are left.</summary>
        private readonly List<Place> _gone = [];

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
            _daemons = new List<Daemon>(observed.Pods.Count);
            _places = new List<Place>(observed.Nodes.Count);
            Sort(observed);
        }

        private int Desired => _places.Count(static p => p.Fitness == NodeFitness.Fit);

        public DaemonSetPlan Manage()
        {
            foreach (var place in _places)
            {
                ManageNode(place);
            }

            // A pod that waits for a node that is gone waits for ever, and nobody else collects it.
            _delete.AddRange(_gone
                .OrderBy(static p => p.Name, StringComparer.Ordinal)
                .SelectMany(static p => p.Daemons)
                .Where(static d => d.Pod.NodeName.Length == 0 && !d.IsTerminating)
                .Select(static d => d.Pod));
            return new DaemonSetPlan
            {
                Create = _create, Delete = _delete, Failed = _failed, Events = _events, NextCheck = NextCheck(),
            };
        }

        public DaemonSetPlan Update(DaemonSetPlan plan)
        {
            if (_daemons.TrueForAll(static d => d.IsTerminating || d.IsUpdated))
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
            foreach (var place in _places)
            {
                var first = place.First;
                if (place.Fitness != NodeFitness.Fit)
                {
                    misscheduled += first is null ? 0 : 1;
                    continue;
                }

                desired++;
                if (first is not null)
                {
                    current++;
                    ready += first.IsReady ? 1 : 0;
                    available += first.IsAvailable ? 1 : 0;
                    updated += first.IsUpdated ? 1 : 0;
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

        /// <summary>
        /// Each pod to the node that it is on or meant for; finished ones that are going already are left out.
        /// </summary>
        private void Sort(DaemonSetObserved observed)
        {
            var fitness = DaemonPods.FitnessFor(_set.Spec.Template);
            var places = new Dictionary<string, Place>(observed.Nodes.Count, StringComparer.Ordinal);
            foreach (var node in observed.Nodes)
            {
                var place = new Place(node.Name, fitness(node));
                _places.Add(place);
                places.Add(node.Name, place);
            }

            foreach (var pod in observed.Pods)
            {
                var daemon = Read(pod);
                _daemons.Add(daemon);
                if ((daemon.IsFinished && daemon.IsTerminating) || DaemonPods.TargetOf(pod) is not { } node)
                {
                    continue;
                }

                if (!places.TryGetValue(node, out var place))
                {
                    places[node] = place = new Place(node, NodeFitness.Unfit);
                    _gone.Add(place);
                }

                place.Add(daemon);
            }
        }

        /// <summary>The template's generation counts too, as upstream's: also on pods that another set left.</summary>
        private Daemon Read(PodFacts pod)
        {
            var labels = pod.Labels;
            var hasHash = labels.GetValueOrDefault(DaemonPods.HashLabel) == _observed.Hash;
            return new Daemon
            {
                Pod = pod,
                IsTerminating = pod.IsTerminating,
                IsFinished = pod.IsFinished,
                IsReady = pod.IsReady,
                IsAvailable = pod.IsAvailable(_minReady, _now),
                HasHash = hasHash,
                IsUpdated = hasHash
                    || (_generation is not null && labels.GetValueOrDefault(DaemonPods.GenerationLabel) == _generation),
            };
        }

        private void ManageNode(Place place)
        {
            if (place.Fitness == NodeFitness.Fit && place.First is null)
            {
                _create.Add(place.Name);
                return;
            }

            if (place.Fitness == NodeFitness.Unfit)
            {
                _delete.AddRange(place.Daemons.Where(static d => !d.IsTerminating).Select(static d => d.Pod));
                return;
            }

            if (place is { IsSingle: true, First: { IsFinished: false, IsTerminating: false } })
            {
                return; // nearly always
            }

            var running = new List<Daemon>();
            foreach (var daemon in place.Daemons.Where(static d => !d.IsTerminating))
            {
                if (daemon.IsFinished)
                {
                    Replace(place.Name, daemon.Pod);
                }
                else
                {
                    running.Add(daemon);
                }
            }

            if (!AllowsSurge())
            {
                _delete.AddRange(running.Skip(1).Select(static d => d.Pod));
            }
            else if (running.Count == 0 && place.Fitness == NodeFitness.Fit)
            {
                _create.Add(place.Name);
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
        private void PruneSurge(List<Daemon> running)
        {
            var fresh = running.Find(static d => d.HasHash);
            var old = running.Find(static d => !d.HasHash);
            _delete.AddRange(running.Where(d => d != fresh && d != old).Select(static d => d.Pod));
            if (fresh is not null && old is not null && (!old.IsReady || fresh.IsAvailable))
            {
                _delete.Add(old.Pod);
            }
        }

        /// <summary>
        /// Old pods to delete: those that serve nobody, and of the others as many as may become unavailable yet.
        /// </summary>
        private List<PodFacts> Replaceable(int maxUnavailable)
        {
            var unavailable = 0;
            List<PodFacts> broken = [], candidates = [];
            foreach (var place in PlacesOfInterest())
            {
                switch (On(place))
                {
                    case (null, { IsAvailable: true } old, true):
                        candidates.Add(old.Pod);
                        break;
                    case (null, { } old, true):
                        broken.Add(old.Pod);
                        unavailable++;
                        break;
                    case ({ IsAvailable: true }, null, true):
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
            foreach (var place in PlacesOfInterest())
            {
                var (fresh, old, isClear) = On(place);
                surging += !isClear || (fresh is { IsAvailable: false } && old is not null) ? 1 : 0;
                available += (old ?? fresh) is { IsAvailable: true } ? 1 : 0;
                if (old is null)
                {
                    continue;
                }

                if (fresh is not null)
                {
                    delete.AddRange(fresh.IsAvailable ? [old.Pod] : []);
                }
                else if (place.Fitness == NodeFitness.Fit)
                {
                    (old.IsAvailable ? candidates : needed).Add(place.Name);
                }
                else
                {
                    (old.IsAvailable ? unfit : delete).Add(old.Pod);
                }
            }

            // Whoever surges wants to be served all the time: a pod where none belongs any more goes when another is
            // there instead.
            delete.AddRange(unfit.Take(Math.Max(0, available - Desired)));
            return ([.. needed, .. candidates.Take(Math.Max(0, maxSurge - surging))], delete);
        }

        /// <summary>Nodes that have pods, and nodes that should have one.</summary>
        private IEnumerable<Place> PlacesOfInterest() => _places
            .Where(static p => p.First is not null || p.Fitness == NodeFitness.Fit)
            .Concat(_gone)
            .OrderBy(static p => p.Name, StringComparer.Ordinal);

        /// <summary>The living pods of a node; not clear when there are several of a sort.</summary>
        private static (Daemon? Fresh, Daemon? Old, bool IsClear) On(Place place)
        {
            var living = place.Daemons.Where(static d => !d.IsTerminating).ToLookup(static d => d.IsUpdated);
            return living[true].Count() > 1 || living[false].Count() > 1
                ? (null, null, false)
                : (living[true].FirstOrDefault(), living[false].FirstOrDefault(), true);
        }

        private TimeSpan? NextCheck()
        {
            foreach (var daemon in _daemons.Where(static d => d.IsReady && !d.IsAvailable))
            {
                Soon((daemon.Pod.ReadySince ?? _now).AddSeconds(_minReady) - _now);
            }

            return _next;
        }

        private void Soon(TimeSpan left) => _next = _next is null || left < _next ? left : _next;

        private bool AllowsSurge() =>
            _set.Spec.UpdateStrategy is { Type: not "OnDelete", RollingUpdate.MaxSurge: { } surge }
            && Scale(surge, 1) > 0;

        private static int Scale(IntOrString? value, int pods) =>
            RolloutBounds.Scale(value?.Value ?? "0", pods, Math.Ceiling);
    }

    /// <summary>A pod, and what a look asks of it.</summary>
    private sealed class Daemon
    {
        public required PodFacts Pod { get; init; }

        public required bool IsTerminating { get; init; }

        public required bool IsFinished { get; init; }

        public required bool IsReady { get; init; }

        public required bool IsAvailable { get; init; }

        public required bool HasHash { get; init; }

        public required bool IsUpdated { get; init; }
    }

    /// <summary>A node, what it is to the daemons, and those that are on it or meant for it, oldest first.</summary>
    private sealed class Place(string name, NodeFitness fitness)
    {
        private List<Daemon>? _more;

        public string Name => name;

        public NodeFitness Fitness => fitness;

        public Daemon? First { get; private set; }

        public bool IsSingle => First is not null && _more is null;

        public IEnumerable<Daemon> Daemons => _more ?? (First is null ? [] : [First]);

        /// <summary>Nearly every node has one pod, which needs no order.</summary>
        public void Add(Daemon daemon)
        {
            if (First is null)
            {
                First = daemon;
                return;
            }

            _more ??= [First];
            var at = _more.FindIndex(d => IsBefore(daemon.Pod, d.Pod));
            _more.Insert(at < 0 ? _more.Count : at, daemon);
            First = _more[0];
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
    }
}
