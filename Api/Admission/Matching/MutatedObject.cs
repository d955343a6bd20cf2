using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Api.Admission.Matching;

/// <summary>
/// What a webhook or a policy has made of an object: it is read as a client's would be (what a definition does not know
/// is dropped) and has its defaults again. What was set belongs to nobody, as upstream has it.
/// </summary>
internal static class MutatedObject
{
    private const string BadOwners =
        ".metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating "
        + "admission controller; please fix your requests: ";

    /// <summary>
    /// Puts JSON in the place of the object of a write; true when it is another then. The refusal is an internal error.
    /// </summary>
    /// <param name="attributes">The write.</param>
    /// <param name="version">The version that the JSON is in.</param>
    /// <param name="shown">The object as it was in that version.</param>
    /// <param name="mutated">The whole object.</param>
    /// <param name="isStrict">Fields that a built-in kind does not know are an error.</param>
    /// <param name="cancellationToken">Ends what conversions wait for.</param>
    public static async ValueTask<Outcome<bool>> PutAsync(
        AdmissionAttributes attributes, ResourceDefinition version, ReadOnlyMemory<byte> shown, JsonNode mutated,
        bool isStrict, CancellationToken cancellationToken)
    {
        var before = attributes.Object!;
        var item = Read(version, attributes, before, mutated, isStrict);
        if (!item.Succeeded)
        {
            return item.Error;
        }

        if (ResourceCodec.Encode(item.Value).AsSpan().SequenceEqual(shown.Span))
        {
            return false;
        }

        KeepOwners(attributes, before, item.Value);
        attributes.Object = await ObjectVersions.ConvertAsync(
            item.Value, version, attributes.Definition, attributes.Subresource, cancellationToken);
        return true;
    }

    private static Outcome<IKubernetesObject<V1ObjectMeta>> Read(
        ResourceDefinition version, AdmissionAttributes attributes, IKubernetesObject<V1ObjectMeta> before,
        JsonNode mutated, bool isStrict)
    {
        if (mutated is not JsonObject)
        {
            return StatusErrors.InternalError(
                $"{BodyDecoder.ParseError}json: cannot unmarshal {JsonTree.Describe(mutated)} into Go value of type "
                + BodyDecoder.FindKind);
        }

        var own = ObjectVersions.OwnKind(version, attributes.Subresource);
        var json = JsonTree.ToBytes(mutated);
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
        var error = decoding.Error
            ?? (isStrict && !version.Of.IsCustom && decoding.Findings.Count > 0
                ? $"strict decoding error: {string.Join(", ", decoding.Findings)}"
                : null);
        return error is not null ? StatusErrors.InternalError(error)
            : own is not null ? Outcomes.Of(item)
            : Complete(version, item);
    }

    private static Outcome<IKubernetesObject<V1ObjectMeta>> Complete(
        ResourceDefinition version, IKubernetesObject<V1ObjectMeta> item)
    {
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
