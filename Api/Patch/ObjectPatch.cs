using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Pipeline;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Patch;

/// <summary>A parsed patch of any language, applicable to any number of versions of an object.</summary>
public sealed class ObjectPatch
{
    // By how much most patches make an object grow, at most, in bytes.
    private const int PatchedGrowth = 1024;

    private readonly PatchKind _kind;
    private readonly JsonPatch? _operations;
    private readonly JsonNode? _merge;
    private readonly List<string> _duplicates = [];
    private readonly FieldValidation _validation;

    private ObjectPatch(
        PatchKind kind,
        JsonPatch? operations,
        JsonNode? merge,
        IEnumerable<string> duplicates,
        FieldValidation validation)
    {
        _kind = kind;
        _operations = operations;
        _merge = merge;
        _duplicates.AddRange(duplicates.Select(d => $"duplicate field {GoText.Quote(d)}"));
        _validation = validation;
    }

    /// <summary>Reads a patch; the refusal is upstream's 400.</summary>
    public static Outcome<ObjectPatch> Parse(PatchKind kind, ReadOnlySpan<byte> patch, FieldValidation validation)
    {
        switch (kind)
        {
            case PatchKind.Json:
                var operations = JsonPatch.Parse(patch);
                return operations.Succeeded
                    ? new ObjectPatch(kind, operations.Value, null, [], validation)
                    : operations.Error;
            case PatchKind.Apply:
                return StatusErrors.NotImplemented("server-side apply");
            default:
                return ParseMerge(kind, patch, validation);
        }
    }

    /// <summary>The next version of an object, decoded strictly; the refusals are upstream's.</summary>
    public Outcome<IKubernetesObject<V1ObjectMeta>> Apply(
        Type model, ReadOnlySpan<byte> current, ICollection<string> warnings)
    {
        var document =
            JsonTree.ParseCommitted(current) ?? throw new InvalidOperationException("A committed object is not null.");
        var patched = ApplyTo(document, model);
        return patched.Succeeded
            ? Decode(model, patched.Value, current.Length + PatchedGrowth, warnings)
            : patched.Error;
    }

    private static Outcome<ObjectPatch> ParseMerge(PatchKind kind, ReadOnlySpan<byte> patch, FieldValidation validation)
    {
        var prefix = kind == PatchKind.Merge ? "error decoding patch: " : "";
        var duplicates = new List<string>();
        JsonNode? node;
        try
        {
            node = JsonTree.Parse(patch, validation == FieldValidation.Ignore ? null : duplicates);
        }
        catch (JsonException)
        {
            return StatusErrors.BadRequest(prefix + (GoJson.FindError(patch) ?? "invalid JSON"));
        }

        return node is JsonObject or null
            ? new ObjectPatch(kind, null, node ?? new JsonObject(), duplicates, validation)
            : StatusErrors.BadRequest(
                $"{prefix}json: cannot unmarshal {JsonTree.Describe(node)} into Go value of type map[string]interface {{}}");
    }

    private Outcome<JsonNode> ApplyTo(JsonNode document, Type model)
    {
        switch (_kind)
        {
            case PatchKind.Json:
                return _operations!.Apply(document);
            case PatchKind.Merge:
                return MergePatch.Apply(document, _merge)!;
            default:
                var merged = StrategicMergePatch.Apply(
                    (JsonObject)document, (JsonObject)_merge!.DeepClone(), PatchSchema.Of(model));
                return merged.Succeeded ? merged.Value : merged.Error;
        }
    }

    private Outcome<IKubernetesObject<V1ObjectMeta>> Decode(
        Type model, JsonNode patched, int expectedBytes, ICollection<string> warnings)
    {
        var json = JsonTree.ToBytes(patched, expectedBytes);
        var decoding = new JsonDecoding();
        IKubernetesObject<V1ObjectMeta> item;
        try
        {
            item = (IKubernetesObject<V1ObjectMeta>)ResourceCodec.Read(model, json.Span, decoding);
        }
        catch (JsonException)
        {
            return Invalid(patched, "exceeded max depth");
        }

        if (patched is not JsonObject)
        {
            return Invalid(
                patched, $"json: cannot unmarshal {JsonTree.Describe(patched)} into Go value of type {model.Name}");
        }

        if (decoding.Error is { } error)
        {
            return Invalid(patched, error);
        }

        item.Metadata ??= new V1ObjectMeta();
        var findings = _duplicates.Concat(decoding.Findings).ToList();
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

    private Status Invalid(JsonNode patched, string why)
    {
        var errors = new FieldErrors();
        var shown = _kind == PatchKind.Strategic
            ? StrategicMergePatch.GoMap(_merge)
            : System.Text.Encoding.UTF8.GetString(JsonTree.ToBytes(JsonTree.Sorted(patched)).Span);
        errors.Invalid(FieldPath.Of("patch"), shown, why);
        return errors.ToStatus("", "", "");
    }
}
