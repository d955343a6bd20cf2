using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;

/// <summary>Keeps one target at the size that its autoscaler's metrics ask for.</summary>
public sealed class HorizontalPodAutoscalerReconciler(ObjectKey key, ReconcilingServices services) : IObjectReconciler
{
    /// <summary>Upstream's name; also the user of all that it writes.</summary>
    public const string Controller = "horizontal-pod-autoscaler";

    /// <summary>From step to step, whatever changes in between.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(15);

    private readonly IResourceClient _client = services.Client.As(UserIdentity.Controller(Controller));
    private readonly EventRecorder _events = services.Events.For(Controller);
    private readonly CustomMetricsReader _custom =
        new(services.Aggregation, services.Catalog, UserIdentity.Controller(Controller));
    private readonly TargetReader _targets = new(services.Client, services.Catalog);
    private AutoscalerMemory _memory = new();
    private string _uid = "";
    private DateTimeOffset? _due;

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync(
            WellKnown.HorizontalPodAutoscalers, key, ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"horizontalpodautoscaler {key}") is not { } item)
        {
            return ReconcileResult.Done;
        }

        var now = services.Time.GetUtcNow();
        if (_uid != item.Uid)
        {
            // As upstream's, the first step waits for its turn.
            (_uid, _memory, _due) = (item.Uid, new AutoscalerMemory(), now + Period);
        }

        if (_due is { } due && due > now)
        {
            return ReconcileResult.Again(due - now);
        }

        _due = now + Period;
        await StepAsync(item, now, cancellationToken);
        return ReconcileResult.Again(Period);
    }

    private async Task StepAsync(ResourceObject item, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var autoscaler = item.As<V2HorizontalPodAutoscaler>();
        var target = await _targets.ReadAsync(key.Namespace, autoscaler.Spec.ScaleTargetRef, cancellationToken);
        var plan = AutoscalerPlanner.Compute(
            await ObserveAsync(autoscaler, target, cancellationToken), _memory, now);
        if (plan.Replicas is { } replicas)
        {
            var written = await WriteScaleAsync(target, replicas, cancellationToken);
            plan = AutoscalerPlanner.Finish(
                plan, autoscaler, target.Scale!.Replicas, written.Succeeded ? null : written.Error.Message, now);
        }

        _memory = plan.Memory;
        _events.Record(plan.Events);
        await WriteStatusAsync(item, plan.Status, cancellationToken);
    }

    private async Task<AutoscalerObserved> ObserveAsync(
        V2HorizontalPodAutoscaler autoscaler, Target target, CancellationToken cancellationToken)
    {
        var found = new AutoscalerObserved
        {
            Autoscaler = autoscaler, Scale = target.Scale, ScaleFailure = target.Failure,
            HasResourceMetrics = services.Metrics?.IsAvailable == true,
        };
        if (target.Scale is not { Selector.Length: > 0 } scale
            || !LabelSelector.Parse(scale.Selector).Succeeded)
        {
            return found;
        }

        var pods = await _client.ListAsync(
            ResourceOf<V1Pod>.Query(key.Namespace) with { LabelSelector = scale.Selector }, cancellationToken);
        return found with
        {
            Pods = [.. pods.Items.Select(p => new MeasuredPod(p.As<V1Pod>(), services.Metrics?.Find(p)))],
            Sharers = await SharersAsync(pods.Items, cancellationToken),
            Custom = await _custom.ReadAsync(
                key.Namespace, autoscaler.Spec.Metrics ?? [], scale.Selector, cancellationToken),
        };
    }

    /// <summary>Autoscalers of the namespace whose targets select any of some pods.</summary>
    private async Task<List<string>> SharersAsync(
        IReadOnlyList<ResourceObject> pods, CancellationToken cancellationToken)
    {
        var autoscalers = await _client.ListAsync<V2HorizontalPodAutoscaler>(
            ResourceOf<V2HorizontalPodAutoscaler>.Query(key.Namespace), cancellationToken);
        var result = new List<string>();
        foreach (var autoscaler in autoscalers)
        {
            var target = await _targets.ReadAsync(key.Namespace, autoscaler.Spec.ScaleTargetRef, cancellationToken);
            if (target.Scale is { Selector.Length: > 0 } scale
                && LabelSelector.Parse(scale.Selector) is { Succeeded: true } selector
                && pods.Any(p => selector.Value.Matches(p.Metadata.Labels)))
            {
                result.Add($"{key.Namespace}/{autoscaler.Metadata.Name}");
            }
        }

        return result;
    }

    /// <summary>Names no revision: whoever writes the target at the same time does not undo the decision.</summary>
    private ValueTask<Outcome<ResourceObject>> WriteScaleAsync(
        Target target, int replicas, CancellationToken cancellationToken) => _client.PatchAsync(
            new PatchRequest
            {
                Resource = target.Resource,
                Key = target.Item!.Key,
                Subresource = "scale",
                Kind = PatchKind.Merge,
                Patch = System.Text.Encoding.UTF8.GetBytes(
                    new JsonObject { ["spec"] = new JsonObject { ["replicas"] = replicas } }.ToJsonString()),
            },
            cancellationToken);

    private async Task WriteStatusAsync(
        ResourceObject item, V2HorizontalPodAutoscalerStatus status, CancellationToken cancellationToken)
    {
        var next = item.Clone<V2HorizontalPodAutoscaler>();
        var before = ResourceCodec.Encode(next);
        next.Status = status;
        if (ResourceCodec.Encode(next).AsSpan().SequenceEqual(before))
        {
            return;
        }

        var written = await _client.UpdateStatusAsync(next, cancellationToken);
        if (!written.Succeeded && written.Error.Reason is not (StatusReasons.NotFound or StatusReasons.Conflict))
        {
            _events.Record(EventNote.Warning(next, "FailedUpdateStatus", written.Error.Message));
        }
    }
}
