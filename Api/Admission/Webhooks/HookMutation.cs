using System.Text.Json.Nodes;
using OrleansOrchestrator.Api.Admission.Matching;
using OrleansOrchestrator.Api.Patch;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>What a webhook's patch makes of an object.</summary>
internal static class HookMutation
{
    /// <summary>Applies a patch; true when it changes the object of the write.</summary>
    /// <param name="invocation">Who patches, in which version.</param>
    /// <param name="attributes">The write.</param>
    /// <param name="shown">The object as the webhook saw it; null for a deletion.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="cancellationToken">Ends what conversions wait for.</param>
    public static async ValueTask<Outcome<bool>> ApplyAsync(
        HookInvocation invocation, AdmissionAttributes attributes, byte[]? shown, AdmissionAnswer answer,
        CancellationToken cancellationToken)
    {
        var patch = JsonPatch.Parse(answer.Patch);
        if (!patch.Succeeded)
        {
            return Undecodable(patch.Error);
        }

        if (patch.Value.Count == 0)
        {
            return false;
        }

        if (shown is null || attributes.Object is null)
        {
            return StatusErrors.InternalError(
                $"admission webhook {GoText.Quote(invocation.Hook.Name)} attempted to modify the object, which is not "
                + "supported for this operation");
        }

        using var document = JsonTree.ParseCommitted(shown);
        var patched = patch.Value.Apply(JsonObject.Create(document.RootElement)!, out var reason);
        if (!patched.Succeeded)
        {
            return StatusErrors.InternalError(reason);
        }

        var changed = await MutatedObject.PutAsync(
            attributes, invocation.Version, shown, patched.Value, isStrict: false, cancellationToken);
        if (changed.Succeeded)
        {
            HookAnnotations.Patched(attributes, invocation, answer.Patch);
        }

        return changed;
    }

    /// <summary>A patch that is none is a webhook that could not be asked; everything else is an internal error.
    /// </summary>
    public static bool IsUndecodable(Status failure) => failure.Code == 503;

    private static Status Undecodable(Status complaint) =>
        StatusErrors.ServiceUnavailable($"received undecodable patch in webhook response: {complaint.Message}");
}
