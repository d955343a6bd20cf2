using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Patch;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>
/// What a webhook's patch makes of an object: it is read as a client's would be (what a definition does not know is
/// dropped) and has its defaults again. What the patch sets belongs to nobody, as upstream has it.
/// </summary>
internal static class HookMutation
{
    private const string BadOwners =
        ".metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating "
        + "admission controller; please fix your requests: ";

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

        if (shown is null || attributes.Object is not { } before)
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

        var item = Read(invocation.Version, attributes, before, patched.Value);
        if (!item.Succeeded)
        {
            return item.Error;
        }

        if (ResourceCodec.Encode(item.Value).AsSpan().SequenceEqual(shown))
        {
            return false;
        }

        KeepOwners(attributes, before, item.Value);
        attributes.Object = await HookVersions.ConvertAsync(
            item.Value, invocation.Version, attributes.Definition, attributes.Subresource, cancellationToken);
        return true;
    }

    /// <summary>A patch that is none is a webhook that could not be asked; everything else is an internal error.
    /// </summary>
    public static bool IsUndecodable(Status failure) => failure.Code == 503;

    private static Status Undecodable(Status complaint)
    {
        const string Prefix = "error decoding patch: ";
        var text = complaint.Message.Replace("[]handlers.jsonPatchOp", "jsonpatch.Patch", StringComparison.Ordinal)
            .Replace("handlers.jsonPatchOp", "jsonpatch.Operation", StringComparison.Ordinal);
        text = text.StartsWith(Prefix, StringComparison.Ordinal) ? text[Prefix.Length..] : text;
        return StatusErrors.ServiceUnavailable($"received undecodable patch in webhook response: {text}");
    }

    private static Outcome<IKubernetesObject<V1ObjectMeta>> Read(
        ResourceDefinition version, AdmissionAttributes attributes, IKubernetesObject<V1ObjectMeta> before,
        JsonNode patched)
    {
        if (patched is not JsonObject)
        {
            return StatusErrors.InternalError(
                $"{BodyDecoder.ParseError}json: cannot unmarshal {JsonTree.Describe(patched)} into Go value of type "
                + BodyDecoder.FindKind);
        }

        var own = HookVersions.OwnKind(version, attributes.Subresource);
        var json = JsonTree.ToBytes(patched);
        var decoding = new JsonDecoding { Source = json };
        IKubernetesObject<V1ObjectMeta> item;
        try
        {
            item = own is null
                ? version.Codec.Read(json.Span, decoding)
                : (IKubernetesObject<V1ObjectMeta>)ResourceCodec.Read(before.GetType(), json.Span, decoding);
        }
        catch (JsonException)
        {
            return StatusErrors.InternalError("exceeded max depth");
        }

        item.Metadata ??= new V1ObjectMeta();
        if (decoding.Error is { } error)
        {
            return StatusErrors.InternalError(error);
        }

        if (own is not null)
        {
            return Outcomes.Of(item);
        }

        if (BodyDecoder.FindTypeConflict(ExpectedBody.Of(version), item) is { } conflict)
        {
            return StatusErrors.InternalError(conflict.Complaint);
        }

        (item.ApiVersion, item.Kind) = (version.ApiVersion, version.Kind);
        version.Strategy.SetDefaults(item);
        (item.ApiVersion, item.Kind) = (version.ApiVersion, version.Kind);
        return Outcomes.Of(item);
    }

    /// <summary>Owners that make no sense are those of before.</summary>
    private static void KeepOwners(
        AdmissionAttributes attributes, IKubernetesObject<V1ObjectMeta> before, IKubernetesObject<V1ObjectMeta> item)
    {
        if (ManagedFields.Decode(item.Metadata.ManagedFields, out var complaint) is null)
        {
            item.Metadata.ManagedFields = before.Metadata.ManagedFields;
            attributes.Warnings.Add(BadOwners + complaint);
        }
    }
}
