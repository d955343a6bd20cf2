using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;

namespace OrleansOrchestrator.Grains.Apps.StatefulSets;

/// <summary>
/// The decisions of a StatefulSet. Pods are looked at in three rounds: those in the range of ordinals from the lowest,
/// the condemned ones beyond it from the highest, and those of an old revision from the highest. An ordered set stops
/// at the first pod that is not yet as it must be (a pod that never becomes ready holds up everything, its own update
/// included); a parallel one only does not update more while a pod is unavailable.
/// </summary>
public static class StatefulSetPlanner
{
    /// <summary>What to do now.</summary>
    public static StatefulSetPlan Compute(StatefulSetObserved observed, DateTimeOffset now)
    {
        var pass = new Pass(observed, now);
        if (observed.Set.Metadata.DeletionTimestamp is null)
        {
            pass.Run();
        }

        return new StatefulSetPlan(pass.Phases, NextAvailable(observed, now));
    }

    /// <summary>The status that is true of the observed pods; null when the set already shows it.</summary>
    public static V1StatefulSetStatus? ComputeStatus(StatefulSetObserved observed, DateTimeOffset now)
    {
        var set = observed.Set;
        var alive = observed.Pods.Where(p => !p.IsTerminating).ToList();
        var ready = observed.Pods.Where(IsRunningAndReady).ToList();
        var next = new V1StatefulSetStatus
        {
            ObservedGeneration = set.Metadata.Generation,
            Replicas = observed.Pods.Count,
            ReadyReplicas = ready.Count,
            AvailableReplicas = ready.Count(p => p.IsAvailable(set.Spec.MinReadySeconds ?? 0, now)),
            CurrentReplicas = alive.Count(p => Revision(p) == observed.CurrentRevision),
            UpdatedReplicas = alive.Count(p => Revision(p) == observed.UpdateRevision),
            CurrentRevision = observed.CurrentRevision,
            UpdateRevision = observed.UpdateRevision,
            CollisionCount = observed.CollisionCount,
            Conditions = set.Status?.Conditions,
        };
        var wanted = set.Spec.Replicas ?? 1;
        if (IsRolling(set) && next.UpdatedReplicas == wanted && next.ReadyReplicas == wanted && next.Replicas == wanted)
        {
            next.CurrentReplicas = next.UpdatedReplicas;
            next.CurrentRevision = next.UpdateRevision;
        }

        return IsSame(set.Status, next) ? null : WithoutZeros(next);
    }

    /// <summary>The revision that a pod was made from.</summary>
    public static string Revision(PodFacts pod) => pod.Labels.GetValueOrDefault(StatefulPods.RevisionLabel, "");

    private static bool IsRunningAndReady(PodFacts pod) => pod.Phase == PodPhase.Running && pod.IsReady;

    private static bool IsRolling(V1StatefulSet set) => set.Spec.UpdateStrategy?.Type is not "OnDelete";

    private static TimeSpan? NextAvailable(StatefulSetObserved observed, DateTimeOffset now)
    {
        var minReady = observed.Set.Spec.MinReadySeconds ?? 0;
        TimeSpan? next = null;
        foreach (var pod in observed.Pods)
        {
            if (pod.IsReady && !pod.IsAvailable(minReady, now) && pod.ReadySince is { } since)
            {
                var left = since.AddSeconds(minReady) - now;
                next = next is null || left < next ? left : next;
            }
        }

        return next;
    }

    private static bool IsSame(V1StatefulSetStatus? old, V1StatefulSetStatus next) =>
        old is not null
        && old.ObservedGeneration >= next.ObservedGeneration
        && old.Replicas == next.Replicas
        && (old.ReadyReplicas ?? 0) == next.ReadyReplicas
        && (old.AvailableReplicas ?? 0) == next.AvailableReplicas
        && (old.CurrentReplicas ?? 0) == next.CurrentReplicas
        && (old.UpdatedReplicas ?? 0) == next.UpdatedReplicas
        && old.CurrentRevision == next.CurrentRevision
        && old.UpdateRevision == next.UpdateRevision;

    private static V1StatefulSetStatus WithoutZeros(V1StatefulSetStatus status)
    {
        status.ReadyReplicas = NotZero(status.ReadyReplicas);
        status.CurrentReplicas = NotZero(status.CurrentReplicas);
        status.UpdatedReplicas = NotZero(status.UpdatedReplicas);
        return status;
    }

    private static int? NotZero(int? count) => count == 0 ? null : count;

    /// <summary>One look at all pods.</summary>
    private sealed class Pass
    {
        private readonly StatefulSetObserved _observed;
        private readonly V1StatefulSet _set;
        private readonly DateTimeOffset _now;
        private readonly bool _isOrdered;
        private readonly int _minReady;
        private readonly int _start;

        /// <summary>By place in the range; null for a pod that is not there.</summary>
        private readonly PodFacts?[] _replicas;
        private readonly List<PodFacts> _condemned;

        public Pass(StatefulSetObserved observed, DateTimeOffset now)
        {
            _observed = observed;
            _set = observed.Set;
            _now = now;
            _isOrdered = _set.Spec.PodManagementPolicy != "Parallel";
            _minReady = _set.Spec.MinReadySeconds ?? 0;
            _start = StatefulPods.Start(_set);
            _replicas = new PodFacts?[_set.Spec.Replicas ?? 1];
            _condemned = [];
            foreach (var pod in observed.Pods)
            {
                var ordinal = StatefulPods.Ordinal(_set, pod.Key.Name);
                if (StatefulPods.IsInRange(_set, ordinal))
                {
                    _replicas[ordinal - _start] = pod;
                }
                else
                {
                    _condemned.Add(pod);
                }
            }

            _condemned.Sort((a, b) => OrdinalOf(b).CompareTo(OrdinalOf(a)));
        }

        public List<IReadOnlyList<StatefulStep>> Phases { get; } = [];

        public void Run()
        {
            if (RunAll(_replicas.Length, Keep)
                && RunAll(_condemned.Count, FixClaims)
                && RunAll(_condemned.Count, Condemn)
                && IsRolling(_set)
                && UpdateTarget() is { } target)
            {
                Phases.Add([new StatefulStep(StatefulAction.Delete, OrdinalOf(target), target)]);
            }
        }

        /// <summary>
        /// Looks at each in turn; the look answers false to stop an ordered set. True if the next round may begin.
        /// </summary>
        private bool RunAll(int count, Func<int, List<StatefulStep>, bool> look)
        {
            var together = new List<StatefulStep>();
            for (var i = 0; i < count; i++)
            {
                var steps = _isOrdered ? [] : together;
                var mayGoOn = look(i, steps);
                if (_isOrdered && steps.Count > 0)
                {
                    Phases.AddRange(steps.Select(s => (IReadOnlyList<StatefulStep>)[s]));
                }

                if (_isOrdered && !mayGoOn)
                {
                    return false;
                }
            }

            if (together.Count > 0)
            {
                Phases.Add(together);
            }

            return true;
        }

        private bool Keep(int place, List<StatefulStep> steps)
        {
            var ordinal = _start + place;
            if (_replicas[place] is not { } pod)
            {
                if (!ClaimOwners.IsStale(_set, ordinal, _observed.Claims))
                {
                    var isCurrent = IsCurrentWanted(ordinal);
                    steps.Add(new StatefulStep(StatefulAction.Create, ordinal, null, isCurrent));
                }

                return false;
            }

            if (pod.IsFinished)
            {
                // Whatever its exit code: a pod that was evicted may have ended well.
                if (!pod.IsTerminating)
                {
                    steps.Add(new StatefulStep(StatefulAction.Delete, ordinal, pod));
                }

                return false;
            }

            var lacksClaims = pod.Phase == PodPhase.Pending && !HasItsClaims(ordinal, pod);
            if (lacksClaims)
            {
                steps.Add(new StatefulStep(StatefulAction.EnsureClaims, ordinal, pod));
            }

            if (_isOrdered && (pod.IsTerminating || !IsAvailable(pod)))
            {
                return false;
            }

            if (!StatefulPods.IsMember(_set, ordinal, pod) || (!lacksClaims && !HaveRightOwners(ordinal, pod)))
            {
                steps.Add(new StatefulStep(StatefulAction.Repair, ordinal, pod));
            }

            return true;
        }

        private bool FixClaims(int index, List<StatefulStep> steps)
        {
            var pod = _condemned[index];
            if (!HaveRightOwners(OrdinalOf(pod), pod))
            {
                steps.Add(new StatefulStep(StatefulAction.FixClaimOwners, OrdinalOf(pod), pod));
            }

            return true;
        }

        private bool Condemn(int index, List<StatefulStep> steps)
        {
            var pod = _condemned[index];
            if (pod.IsTerminating
                || (_isOrdered && !IsAvailable(pod) && !ReferenceEquals(pod, FirstUnavailable())))
            {
                return false;
            }

            steps.Add(new StatefulStep(StatefulAction.Delete, OrdinalOf(pod), pod));
            return false;
        }

        /// <summary>The pod that the rollout replaces next: one at a time, and none while one is unavailable.</summary>
        private PodFacts? UpdateTarget()
        {
            var partition = _set.Spec.UpdateStrategy?.RollingUpdate?.Partition ?? 0;
            for (var place = _replicas.Length - 1; place >= partition; place--)
            {
                if (_replicas[place] is not { } pod)
                {
                    // Created a moment ago: at the updated revision it must first become available, at the current one
                    // it is replaced as soon as it is seen.
                    return null;
                }

                if (Revision(pod) != _observed.UpdateRevision && !pod.IsTerminating)
                {
                    return pod;
                }

                if (IsUnavailable(pod))
                {
                    return null;
                }
            }

            return null;
        }

        private bool IsCurrentWanted(int ordinal)
        {
            if (!IsRolling(_set))
            {
                return false;
            }

            var kept = _set.Spec.UpdateStrategy?.RollingUpdate is { } rolling
                ? rolling.Partition ?? 0
                : _set.Status?.CurrentReplicas ?? 0;
            return ordinal < _start + kept;
        }

        /// <summary>The lowest in range, else the lowest of the condemned.</summary>
        private PodFacts? FirstUnavailable() =>
            _replicas.OfType<PodFacts>().Concat(Enumerable.Reverse(_condemned)).FirstOrDefault(IsUnavailable);

        private bool IsAvailable(PodFacts pod) => IsRunningAndReady(pod) && pod.IsAvailable(_minReady, _now);

        private bool IsUnavailable(PodFacts pod) => pod.IsTerminating || !pod.IsAvailable(_minReady, _now);

        private bool HasItsClaims(int ordinal, PodFacts pod) =>
            (_set.Spec.VolumeClaimTemplates ?? []).All(t =>
                _observed.Claims.ContainsKey(StatefulPods.ClaimName(_set, t, ordinal)))
            && HaveRightOwners(ordinal, pod);

        private bool HaveRightOwners(int ordinal, PodFacts pod) =>
            (_set.Spec.VolumeClaimTemplates ?? []).All(t =>
                !_observed.Claims.TryGetValue(StatefulPods.ClaimName(_set, t, ordinal), out var claim)
                || ClaimOwners.Of(_set, ordinal, pod, claim) is null);

        private int OrdinalOf(PodFacts pod) => StatefulPods.Ordinal(_set, pod.Key.Name);
    }
}
