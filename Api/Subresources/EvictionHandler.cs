using k8s.Models;
using OrleansOrchestrator.Api.Pipeline;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Subresources;

/// <summary>
/// Evicts a pod: a deletion that disruption budgets may refuse. PodDisruptionBudget is not among the served kinds yet,
/// so none does.
/// </summary>
public sealed class EvictionHandler(ObjectUpdater updater, ObjectDeleter deleter, TimeProvider time)
{
    private static readonly ExpectedBody Expected =
        new(typeof(V1Eviction), "policy/v1", "Eviction") { OldApiVersion = "policy/v1beta1" };

    /// <summary>Decodes and carries out an eviction.</summary>
    public async ValueTask<Outcome<WriteResult>> EvictAsync(
        WriteContext context, ReadOnlyMemory<byte> body, BodyFormat format)
    {
        var decoded = BodyDecoder.Decode(Expected, body, format, context.Options.FieldValidation, context.Warnings);
        if (!decoded.Succeeded)
        {
            return decoded.Error;
        }

        var eviction = (V1Eviction)decoded.Value;
        if ((eviction.Metadata.Name ?? "") != context.Key.Name)
        {
            return StatusErrors.BadRequest("name in URL does not match name in Eviction object");
        }

        var options = DeletionOptions.Validate(eviction.DeleteOptions ?? new V1DeleteOptions());
        if (!options.Succeeded)
        {
            return options.Error;
        }

        var wanted = options.Value with { DryRun = options.Value.DryRun || context.Options.DryRun };
        if (!wanted.DryRun)
        {
            var marked = await MarkAsync(context, wanted);
            if (!marked.Succeeded)
            {
                return marked.Error;
            }

            // The revision that was asked for has just been left behind, by this request.
            var revision = marked.Value.Object.Revision.ToString(System.Globalization.CultureInfo.InvariantCulture);
            wanted = wanted.ResourceVersion is null ? wanted : wanted with { ResourceVersion = revision };
        }

        return await deleter.DeleteAsync(context.With(context.Key), wanted);
    }

    /// <summary>Says in the pod's status why it is about to go; who waits for it can tell an eviction from a
    /// failure.</summary>
    private ValueTask<Outcome<WriteResult>> MarkAsync(WriteContext context, DeletionOptions options) =>
        updater.UpdateAsync(context.With(context.Key, "status"), current =>
        {
            if (current is null)
            {
                return StatusErrors.NotFound(context.Resource, context.Key.Name);
            }

            if (ObjectDeleter.CheckPreconditions(context, current, options) is { } conflict)
            {
                return conflict;
            }

            var pod = ResourceCodec.Decode<V1Pod>(current.Json);
            AddCondition(pod);
            return Outcomes.Of(pod);
        });

    private void AddCondition(V1Pod pod)
    {
        pod.Status ??= new V1PodStatus();
        pod.Status.Conditions ??= [];
        var condition = pod.Status.Conditions.FirstOrDefault(c => c.Type == "DisruptionTarget");
        if (condition is null)
        {
            condition = new V1PodCondition { Type = "DisruptionTarget" };
            pod.Status.Conditions.Add(condition);
        }

        if (condition.Status != "True")
        {
            condition.LastTransitionTime = MetadataStamp.Seconds(time.GetUtcNow());
        }

        condition.Status = "True";
        condition.Reason = "EvictionByEvictionAPI";
        condition.Message = "Eviction API: evicting";
    }
}
