using k8s.Models;
using OrleansOrchestrator.Api.Pipeline;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Subresources;

/// <summary>
/// Evicts a pod: a deletion that disruption budgets may refuse. PodDisruptionBudget is not among the served kinds yet,
/// so none does.
/// </summary>
public sealed class EvictionHandler(ObjectDeleter deleter)
{
    private static readonly ExpectedBody Expected = new(typeof(V1Eviction), "policy/v1", "Eviction");

    /// <summary>Decodes and carries out an eviction.</summary>
    public async ValueTask<Outcome<WriteResult>> EvictAsync(WriteContext context, ReadOnlyMemory<byte> body, BodyFormat format)
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

        return await deleter.DeleteAsync(
            context.With(context.Key), options.Value with { DryRun = options.Value.DryRun || context.Options.DryRun });
    }
}
