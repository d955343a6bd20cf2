using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Api.Patch;

/// <summary>A parsed patch of any language, applicable to any number of versions of an object.</summary>
public sealed class ObjectPatch
{
    // By how much most patches make an object grow, at most, in bytes.
    private const int PatchedGrowth = 1024;

    private readonly PatchKind _kind;
    private readonly JsonPatch? _operations;
    private readonly JsonNode? _merge;
    private readonly IReadOnlyList<string> _findings;
    private readonly FieldValidation _validation;
    private readonly bool _leavesOwners;

    private ObjectPatch(
        PatchKind kind,
        JsonPatch? operations,
        JsonNode? merge,
        IReadOnlyList<string> findings,
        FieldValidation validation)
    {
        _kind = kind;
        _operations = operations;
        _merge = merge;
        _findings = findings;
        _validation = validation;
        _leavesOwners = merge is JsonObject map && LeavesOwners(map);
    }

    /// <summary>Reads a patch; the refusal is upstream's 400.</summary>
    public static Outcome<ObjectPatch> Parse(PatchKind kind, ReadOnlySpan<byte> patch, FieldValidation validation)
    {
        switch (kind)
        {
            case PatchKind.Json:
                var decoding = new JsonDecoding();
                var operations = JsonPatch.Parse(patch, decoding, validates: validation != FieldValidation.Ignore);
                return operations.Succeeded
                    ? new ObjectPatch(
                        kind, operations.Value, null, [.. decoding.Findings.Select(f => $"json patch {f}")], validation)
                    : operations.Error;
            case PatchKind.Apply:
                return StatusErrors.NotImplemented("server-side apply");
            default:
                return ParseMerge(kind, patch, validation);
        }
    }

    /// <summary>
    /// The next version of a committed object. Few patches say who owns which fields, which is half of many an object:
    /// they work on the rest, and the owners stay who they are. Whatever is to be said of a patch is said of the whole.
    /// </summary>
    public Outcome<IKubernetesObject<V1ObjectMeta>> Apply(
        ExpectedBody expected, ResourceObject current, ICollection<string> warnings) =>
        _leavesOwners && ApplyQuietly(expected, current) is { } item
            ? Outcomes.Of(item)
            : Apply(expected, current.Json, warnings);

    /// <summary>The next version of an object, decoded strictly; the refusals are upstream's.</summary>
    public Outcome<IKubernetesObject<V1ObjectMeta>> Apply(
        ExpectedBody expected, ReadOnlyMemory<byte> current, ICollection<string> warnings)
    {
        using var committed = JsonTree.ParseCommitted(current);
        var patched = ApplyTo(JsonObject.Create(committed.RootElement)!, expected.Codec.Schema);
        return patched.Succeeded
            ? Decode(expected, patched.Value, current.Length + PatchedGrowth, warnings)
            : patched.Error;
    }

    private static Outcome<ObjectPatch> ParseMerge(PatchKind kind, ReadOnlySpan<byte> patch, FieldValidation validation)
    {
        var prefix = kind == PatchKind.Merge ? "error decoding patch: " : "";
        var validates = validation != FieldValidation.Ignore;

        // A merge is decoded for its findings only.
        var decoding = validates || kind == PatchKind.Strategic ? new JsonDecoding() : null;
        JsonNode? node;
        try
        {
            node = JsonTree.Parse(patch, decoding);
        }
        catch (JsonException)
        {
            return StatusErrors.BadRequest(prefix + (GoJson.FindError(patch) ?? "invalid JSON"));
        }

        if (node is null && kind == PatchKind.Merge)
        {
            return StatusErrors.BadRequest("Invalid JSON Patch");
        }

        return node is not (JsonObject or null)
            ? StatusErrors.BadRequest(
                $"{prefix}json: cannot unmarshal {JsonTree.Describe(node)} into Go value of type map[string]interface {{}}")
            : decoding?.Error is { } error ? StatusErrors.BadRequest(prefix + error)
            : new ObjectPatch(
                kind, null, node ?? new JsonObject(), validates ? decoding!.Findings : [], validation);
    }

    private static bool LeavesOwners(JsonObject patch) =>
        !HasDirectives(patch)
        && (!patch.TryGetPropertyValue("metadata", out var metadata)
            || (metadata is JsonObject map && !map.ContainsKey("managedFields") && !HasDirectives(map)));

    private static bool HasDirectives(JsonObject patch) =>
        patch.Any(static p => p.Key.StartsWith('$'));

    /// <summary>
    /// The next version, its owners those of the current one; null when there is anything to complain of.
    /// </summary>
    private IKubernetesObject<V1ObjectMeta>? ApplyQuietly(ExpectedBody expected, ResourceObject current)
    {
        if (_findings.Count > 0)
        {
            return null;
        }

        var bare = current.WithoutManagedFields();
        using var committed = JsonTree.ParseCommitted(bare);
        var merged = ApplyTo(JsonObject.Create(committed.RootElement)!, expected.Codec.Schema);
        if (merged is not { Succeeded: true, Value: JsonObject patched })
        {
            return null;
        }

        var json = JsonTree.ToBytes(patched, bare.Length + PatchedGrowth);
        var decoding = new JsonDecoding { Source = json };
        IKubernetesObject<V1ObjectMeta> item;
        try
        {
            item = expected.Codec.Read(json.Span, decoding);
        }
        catch (JsonException)
        {
            return null;
        }

        if (decoding.Error is not null || decoding.Findings.Count > 0 || CheckType(expected, item, patched, json.Span) is not null)
        {
            return null;
        }

        item.Metadata.ManagedFields = expected.Codec.Share(current).Metadata.ManagedFields;
        return item;
    }

    private Outcome<JsonNode> ApplyTo(JsonNode document, ObjectSchema schema)
    {
        switch (_kind)
        {
            case PatchKind.Json:
                return _operations!.Apply(document);
            case PatchKind.Merge:
                return MergePatch.Apply(document, _merge)!;
            default:
                var merged = StrategicMergePatch.Apply(
                    (JsonObject)document, (JsonObject)_merge!.DeepClone(), schema);
                return merged.Succeeded ? merged.Value : merged.Error;
        }
    }

    private Outcome<IKubernetesObject<V1ObjectMeta>> Decode(
        ExpectedBody expected, JsonNode patched, int expectedBytes, ICollection<string> warnings)
    {
        // As upstream writes what it has merged: strict findings come in this order.
        var json = _kind == PatchKind.Merge
            ? JsonTree.ToSortedBytes(patched, expectedBytes)
            : JsonTree.ToBytes(patched, expectedBytes);
        var decoding = new JsonDecoding { Source = json, Converts = _kind == PatchKind.Strategic };
        IKubernetesObject<V1ObjectMeta> item;
        try
        {
            item = expected.Codec.Read(json.Span, decoding);
        }
        catch (JsonException)
        {
            return Invalid(patched, "exceeded max depth");
        }

        if (patched is not JsonObject)
        {
            return Invalid(
                patched,
                $"json: cannot unmarshal {JsonTree.Describe(patched)} into Go value of type {expected.Codec.Schema.GoPackage}.{expected.Codec.GoName}");
        }

        if (CheckType(expected, item, patched, json.Span) is { } ofOtherKind)
        {
            return ofOtherKind;
        }

        if (decoding.Error is { } error)
        {
            return Invalid(patched, error);
        }

        IEnumerable<string> unknown =
            _kind == PatchKind.Strategic ? decoding.Findings.Order(StringComparer.Ordinal) : decoding.Findings;
        var findings = _findings.Concat(unknown).ToList();
        if (findings.Count > 0 && _validation == FieldValidation.Strict)
        {
            return Invalid(patched, $"strict decoding error: {string.Join(", ", findings)}");
        }

        if (_validation == FieldValidation.Warn)
        {
            findings.ForEach(warnings.Add);
        }

        return Outcomes.Of(item);
    }

    /// <summary>A strategic merge works on the object itself, whatever its kind is called.</summary>
    private Status? CheckType(
        ExpectedBody expected, IKubernetesObject<V1ObjectMeta> item, JsonNode patched, ReadOnlySpan<byte> json)
    {
        if (_kind == PatchKind.Strategic)
        {
            return null;
        }

        if (item is not CustomObject custom)
        {
            return BodyDecoder.FindTypeConflict(expected, item) is { } conflict ? Invalid(patched, conflict.Complaint) : null;
        }

        return BodyDecoder.CustomComplaint(expected, custom, json) is { } complaint ? Invalid(patched, complaint)
            : custom.ApiVersion == expected.ApiVersion ? BodyDecoder.CheckCustomKind(expected, custom)
            : Invalid(patched, $"request to convert CR from an invalid group/version: {custom.ApiVersion}");
    }

    private Status Invalid(JsonNode patched, string why)
    {
        var errors = new FieldErrors();
        var shown = _kind == PatchKind.Strategic
            ? GoValues.Plain(_merge)
            : System.Text.Encoding.UTF8.GetString(JsonTree.ToSortedBytes(patched).Span);
        errors.Invalid(FieldPath.Of("patch"), shown, why);
        return errors.ToStatus("", "", "");
    }
}
