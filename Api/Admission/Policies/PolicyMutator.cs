using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Api.Admission.Expressions;
using OrleansOrchestrator.Api.Admission.Matching;
using OrleansOrchestrator.Api.Patch;
using OrleansOrchestrator.Cel.Values;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Ownership;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Api.Admission.Policies;

/// <summary>How a mutation ended.</summary>
/// <param name="HasChanged">The object is another now.</param>
/// <param name="Error">What is wrong with the policy; null for nothing.</param>
/// <param name="Refusal">What no failure policy covers; null for nothing.</param>
internal readonly record struct MutationOutcome(bool HasChanged, string? Error = null, Status? Refusal = null);

/// <summary>Does to the object of a write what a mutation says.</summary>
internal static class PolicyMutator
{
    /// <summary>Applies what a mutation's expression gave.</summary>
    public static async ValueTask<MutationOutcome> ApplyAsync(
        Mutation mutation, CelValue value, WriteViews views, WriteView view, CancellationToken cancellationToken)
    {
        var before = ResourceCodec.Encode(view.Item!);
        var made = mutation.IsApplied ? Merge(value, views.Attributes, view, before) : Patch(value, before);
        if (made.Error is { } error)
        {
            return new(false, error);
        }

        if (made.Json is not { } json)
        {
            return default;
        }

        var put = await MutatedObject.PutAsync(
            views.Attributes, view.Version, before, JsonTree.Parse(json.Span)!, isStrict: !mutation.IsApplied,
            cancellationToken);
        views.Renew();
        return put.Succeeded ? new(put.Value) : new(false, Refusal: put.Error);
    }

    /// <summary>A part of the object as it is to be: it is merged as an applied configuration is.</summary>
    private static (ReadOnlyMemory<byte>? Json, string? Error) Merge(
        in CelValue value, AdmissionAttributes attributes, WriteView view, byte[] before)
    {
        if (MutationJson.FindMisnamed(value) is { } misnamed)
        {
            return (null, $"type mismatch: {misnamed}");
        }

        if (MutationJson.Write(value) is not { } written || JsonTree.Parse(written.Span) is not JsonObject part)
        {
            return (null, $"unsupported return type from ApplyConfiguration expression: {value.Type.Name}");
        }

        var (item, version) = (view.Item!, view.Version);
        (part["apiVersion"], part["kind"]) = (item.ApiVersion, item.Kind);
        var schema = ObjectVersions.OwnKind(version, attributes.Subresource) is null
            ? version.Codec.Schema
            : BuiltInSchema.Of(item.GetType());
        using var document = JsonTree.ParseCommitted(JsonTree.ToBytes(part));
        var merged = new OwnedVersion(item.ApiVersion, schema, before).MergeParts(document.RootElement, out var error);
        return merged is null ? (null, $"error applying patch: {error}") : (merged.Json, null);
    }

    /// <summary>A list of operations.</summary>
    private static (ReadOnlyMemory<byte>? Json, string? Error) Patch(in CelValue value, byte[] before)
    {
        foreach (var operation in value.AsList)
        {
            if (operation.AsMap.TryGetField("value", out var part) && MutationJson.FindMisnamed(part) is { } misnamed)
            {
                return (null, $"type mismatch: {misnamed}");
            }
        }

        if (MutationJson.Write(value) is not { } written)
        {
            return (null, "JSONPath valueExpression evaluated to a type that could not marshal to JSON");
        }

        var patch = JsonPatch.Parse(written.Span);
        if (!patch.Succeeded)
        {
            return (null, $"JSON Patch: {patch.Error.Message}");
        }

        var patched = patch.Value.Apply(JsonTree.Parse(before)!, out var reason);
        return patched.Succeeded ? (JsonTree.ToBytes(patched.Value), null)
            : JsonPatch.IsFailedTest(reason) ? (null, null)
            : (null, $"JSON Patch: {reason}");
    }
}
