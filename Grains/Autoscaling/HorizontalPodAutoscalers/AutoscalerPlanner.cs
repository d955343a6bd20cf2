using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;

/// <summary>
/// Sizes a target, as upstream's <c>pkg/controller/podautoscaler</c>: each metric proposes a number, the highest wins,
/// the past stabilizes it, and limits cut it. A metric that fails stops sizing down, never sizing up.
/// </summary>
public static class AutoscalerPlanner
{
    private const string Able = "AbleToScale";
    private const string Active = "ScalingActive";
    private const string Bounded = "ScalingLimited";

    /// <summary>The next step.</summary>
    public static AutoscalerPlan Compute(AutoscalerObserved observed, AutoscalerMemory memory, DateTimeOffset now)
    {
        var step = new Step(observed.Autoscaler, memory, now);
        if (observed.Scale is not { } scale)
        {
            step.Warn("FailedGetScale", observed.ScaleFailure);
            step.Say(
                Able, "False", "FailedGetScale",
                $"the HPA controller was unable to get the target's current scale: {observed.ScaleFailure}");
            return step.End(step.Before);
        }

        step.Say(
            Able, "True", "SucceededGetScale", "the HPA controller was able to get the target's current scale");
        step.Remember(scale.Replicas);
        var spec = observed.Autoscaler.Spec;
        var least = spec.MinReplicas ?? 1;
        if (scale.Replicas == 0 && least != 0)
        {
            step.Say(
                Active, "False", "ScalingDisabled",
                "scaling is disabled since the replica count of the target is zero");
            return step.End(step.Next(scale.Replicas, scale.Replicas, null));
        }

        if (scale.Replicas > spec.MaxReplicas)
        {
            return step.Rescale(
                scale.Replicas, spec.MaxReplicas, "Current number of replicas above Spec.MaxReplicas", null);
        }

        return scale.Replicas < least
            ? step.Rescale(scale.Replicas, least, "Current number of replicas below Spec.MinReplicas", null)
            : ByMetrics(observed, scale, least, step);
    }

    /// <summary>What is to be said of a rescale that was or was not written, and what is remembered of it.</summary>
    /// <param name="plan">A plan that wants other replicas.</param>
    /// <param name="autoscaler">Whose.</param>
    /// <param name="current">How many there were.</param>
    /// <param name="failure">Why it was not written; null when it was.</param>
    /// <param name="now">When.</param>
    public static AutoscalerPlan Finish(
        AutoscalerPlan plan, V2HorizontalPodAutoscaler autoscaler, int current, string? failure, DateTimeOffset now)
    {
        var wanted = plan.Replicas!.Value;
        var step = new Step(autoscaler, plan.Memory, now, plan.Status.Conditions);
        step.Events.AddRange(plan.Events);
        if (failure is not null)
        {
            step.Warn("FailedRescale", $"New size: {wanted}; reason: {plan.Reason}; error: {failure}");
            step.Say(
                Able, "False", "FailedUpdateScale",
                $"the HPA controller was unable to update the target scale: {failure}");
            var before = autoscaler.Status ?? new V2HorizontalPodAutoscalerStatus();
            return step.End(step.Next(current, before.DesiredReplicas, plan.Status.CurrentMetrics));
        }

        step.Say(
            Able, "True", "SucceededRescale",
            $"the HPA controller was able to update the target scale to {wanted}");
        step.Events.Add(
            EventNote.Normal(autoscaler, "SuccessfulRescale", $"New size: {wanted}; reason: {plan.Reason}"));
        step.RememberChange(wanted - current);
        var status = step.Next(current, wanted, plan.Status.CurrentMetrics);
        status.LastScaleTime = now.UtcDateTime;
        return step.End(status);
    }

    private static AutoscalerPlan ByMetrics(AutoscalerObserved observed, TargetScale scale, int least, Step step)
    {
        var spec = observed.Autoscaler.Spec;
        if (CheckSelector(observed, scale, step) is { } refusal)
        {
            step.Warn("FailedComputeMetricsReplicas", refusal);
            return step.End(step.Next(scale.Replicas, step.Before.DesiredReplicas, null));
        }

        var computation = new MetricComputation(observed, step.Now);
        var proposals = (spec.Metrics ?? []).Select(computation.Compute).ToList();
        var statuses = proposals.ConvertAll(static p => p.Status);
        var failures = proposals.Select(static p => p.Failure).OfType<MetricFailure>().ToList();
        foreach (var failure in failures)
        {
            step.Warn(failure.Reason, failure.Message);
        }

        var best = Best(proposals);
        var invalid = failures.Count == 0 ? null
            : $"invalid metrics ({failures.Count} invalid out of {proposals.Count}), first error is: "
                + failures[0].Wrapped;
        if (failures.Count >= proposals.Count || (failures.Count > 0 && best.Replicas < scale.Replicas))
        {
            if (failures.Count > 0)
            {
                step.Say(
                    Active, "False", failures[0].Reason,
                    $"the HPA was unable to compute the replica count: {failures[0].Message}");
            }

            step.Warn("FailedComputeMetricsReplicas", invalid ?? "no metrics");
            return step.End(step.Next(scale.Replicas, step.Before.DesiredReplicas, statuses));
        }

        step.Say(
            Active, "True", "ValidMetricFound",
            $"the HPA was able to successfully calculate a replica count from {best.Name}");
        var reason = best.Replicas > scale.Replicas ? $"{best.Name} above target"
            : best.Replicas < scale.Replicas ? "All metrics below target"
            : "";
        var desired = step.Limit(scale.Replicas, best.Replicas, least);
        return desired == scale.Replicas
            ? step.End(step.Next(scale.Replicas, desired, statuses))
            : step.Rescale(scale.Replicas, desired, reason, statuses);
    }

    private static (int Replicas, string Name) Best(List<MetricProposal> proposals)
    {
        var best = (Replicas: 0, Name: "");
        foreach (var proposal in proposals.Where(static p => p.Failure is null))
        {
            if (best.Replicas == 0 || proposal.Replicas > best.Replicas)
            {
                best = (proposal.Replicas, proposal.Name);
            }
        }

        return best;
    }

    private static string? CheckSelector(AutoscalerObserved observed, TargetScale scale, Step step)
    {
        if (scale.Selector.Length == 0)
        {
            const string required = "selector is required";
            step.Warn("SelectorRequired", required);
            step.Say(Active, "False", "InvalidSelector", "the HPA target's scale is missing a selector");
            return required;
        }

        if (LabelSelector.Parse(scale.Selector) is { Succeeded: false } parsed)
        {
            var invalid = "couldn't convert selector into a corresponding internal selector object: "
                + parsed.Error.Message;
            step.Warn("InvalidSelector", invalid);
            step.Say(Active, "False", "InvalidSelector", invalid);
            return invalid;
        }

        if (observed.Sharers.Count <= 1)
        {
            return null;
        }

        var ambiguous = $"pods by selector {scale.Selector} are controlled by multiple HPAs: "
            + $"[{string.Join(' ', observed.Sharers)}]";
        step.Warn("AmbiguousSelector", ambiguous);
        step.Say(Active, "False", "AmbiguousSelector", ambiguous);
        return ambiguous;
    }

    /// <summary>What one step says, as it goes.</summary>
    private sealed class Step(
        V2HorizontalPodAutoscaler autoscaler, AutoscalerMemory memory, DateTimeOffset now,
        IList<V2HorizontalPodAutoscalerCondition>? conditions = null)
    {
        private readonly List<V2HorizontalPodAutoscalerCondition> _conditions =
            [.. (conditions ?? autoscaler.Status?.Conditions ?? []).Select(Copy)];

        private AutoscalerMemory _memory = memory;

        public DateTimeOffset Now => now;

        public List<EventNote> Events { get; } = [];

        /// <summary>The status as it was, with the conditions as they are.</summary>
        public V2HorizontalPodAutoscalerStatus Before => new()
        {
            CurrentReplicas = autoscaler.Status?.CurrentReplicas,
            DesiredReplicas = autoscaler.Status?.DesiredReplicas ?? 0,
            CurrentMetrics = autoscaler.Status?.CurrentMetrics,
            LastScaleTime = autoscaler.Status?.LastScaleTime,
            ObservedGeneration = autoscaler.Status?.ObservedGeneration,
            Conditions = _conditions,
        };

        public void Warn(string reason, string message) =>
            Events.Add(EventNote.Warning(autoscaler, reason, message));

        public void Say(string type, string status, string reason, string message)
        {
            var condition = _conditions.Find(c => c.Type == type);
            if (condition is null)
            {
                _conditions.Add(condition = new V2HorizontalPodAutoscalerCondition { Type = type });
            }

            condition.LastTransitionTime = condition.Status == status ? condition.LastTransitionTime : now.UtcDateTime;
            (condition.Status, condition.Reason, condition.Message) = (status, reason, message);
        }

        /// <summary>The first size of a target that is seen counts as a recommendation.</summary>
        public void Remember(int current)
        {
            if (_memory.Recommendations.Count == 0)
            {
                _memory = _memory with { Recommendations = [new Recommendation(current, now)] };
            }
        }

        public void RememberChange(int change)
        {
            if (autoscaler.Spec.Behavior is not { } behavior)
            {
                return;
            }

            _memory = _memory with
            {
                Ups = Kept(_memory.Ups, behavior, Math.Max(change, 0)),
                Downs = Kept(_memory.Downs, behavior, Math.Max(-change, 0)),
            };
        }

        /// <summary>Stabilizes and cuts a number, and says so.</summary>
        public int Limit(int current, int wanted, int least)
        {
            var spec = autoscaler.Spec;
            var held = spec.Behavior is { } rules
                ? Stabilization.ByRules(_memory, current, wanted, rules, now)
                : Stabilization.Default(_memory, wanted, now);
            _memory = Stabilization.Note(_memory, wanted, spec.Behavior, now);
            Say(Able, "True", held.Reason, held.Message);
            var limited = spec.Behavior is { } behavior
                ? ScalingLimits.ByRules(current, held.Replicas, least, spec.MaxReplicas, behavior, _memory, now)
                : ScalingLimits.ByRange(current, held.Replicas, least, spec.MaxReplicas);
            Say(Bounded, limited.Replicas == held.Replicas ? "False" : "True", limited.Reason, limited.Message);
            return limited.Replicas;
        }

        public V2HorizontalPodAutoscalerStatus Next(int current, int desired, IList<V2MetricStatus>? metrics)
        {
            var next = Before;
            (next.CurrentReplicas, next.DesiredReplicas, next.CurrentMetrics) = (current, desired, metrics);
            next.ObservedGeneration = null;
            return next;
        }

        public AutoscalerPlan Rescale(int current, int desired, string reason, IList<V2MetricStatus>? metrics) =>
            End(Next(current, desired, metrics)) with { Replicas = desired, Reason = reason };

        public AutoscalerPlan End(V2HorizontalPodAutoscalerStatus status) =>
            new() { Status = status, Events = Events, Memory = _memory };

        private List<Recommendation> Kept(
            IReadOnlyList<Recommendation> changes, V2HorizontalPodAutoscalerBehavior behavior, int change)
        {
            var up = ScalingLimits.LongestPeriod(behavior.ScaleUp);
            var down = ScalingLimits.LongestPeriod(behavior.ScaleDown);
            var kept = changes.Where(c => c.Time >= now - (up > down ? up : down));
            var all = change > 0 ? kept.Append(new Recommendation(change, now)) : kept;
        return [.. all.TakeLast(Stabilization.MaxKept)];
        }

        private static V2HorizontalPodAutoscalerCondition Copy(V2HorizontalPodAutoscalerCondition c) => new()
        {
            Type = c.Type, Status = c.Status, Reason = c.Reason, Message = c.Message,
            LastTransitionTime = c.LastTransitionTime,
        };
    }
}
