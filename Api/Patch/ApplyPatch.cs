using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Api.Patch;

/// <summary>A configuration for server-side apply, in YAML or JSON.</summary>
internal sealed class ApplyPatch
{
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";

    /// <summary>The manager whose applies go on where those of older clients ended.</summary>
    private const string Kubectl = "kubectl";

    private readonly JsonElement _applied;
    private readonly string? _duplicateKeys;
    private readonly WriteOptions _options;

    private ApplyPatch(JsonElement applied, string? duplicateKeys, WriteOptions options)
    {
        (_applied, _duplicateKeys, _options) = (applied, duplicateKeys, options);
    }

    /// <summary>Reads a configuration; the refusal is upstream's 400.</summary>
    public static Outcome<ApplyPatch> Parse(ReadOnlyMemory<byte> body, WriteOptions options)
    {
        var yaml = YamlConverter.ToJson(body.Span);
        if (yaml.Error is { } error)
        {
            return StatusErrors.BadRequest($"error decoding YAML: {YamlConverter.ConversionError}{error}");
        }

        using var document = JsonDocument.Parse(yaml.Json, new JsonDocumentOptions { MaxDepth = JsonTree.MaxDepth });
        var applied = document.RootElement.Clone();
        return applied.ValueKind switch
        {
            JsonValueKind.Object => new ApplyPatch(applied, yaml.DuplicateKeys, options),
            JsonValueKind.Null => new ApplyPatch(JsonElement.Parse("{}"), null, options),
            _ => StatusErrors.BadRequest(
                "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal "
                + $"{JsonTree.Describe(JsonSerializer.SerializeToNode(applied))} into Go value of type "
                + "map[string]interface {}"),
        };
    }

    /// <summary>The next version of an object, with its owners; the refusals are upstream's.</summary>
    /// <param name="expected">What the configuration must be.</param>
    /// <param name="live">The object; that without fields when there is none.</param>
    /// <param name="empty">An object of the kind without fields.</param>
    /// <param name="ownership">Who owns what.</param>
    /// <param name="warnings">Takes the texts of Warning headers.</param>
    /// <param name="owners">The owners before, when <paramref name="live"/> does not say them.</param>
    public Outcome<IKubernetesObject<V1ObjectMeta>> Apply(
        ExpectedBody expected, OwnedVersion live, OwnedVersion empty, FieldOwnership ownership,
        ICollection<string> warnings, IList<V1ManagedFieldsEntry>? owners = null)
    {
        var (version, kind) = (Text("apiVersion"), Text("kind"));
        var (group, plainVersion) = version.Count(c => c == '/') > 1 ? ("", "") : ApiVersions.Split(version);
        var shown = $"{group}/{plainVersion}, Kind={kind}";
        if (version != expected.ApiVersion || kind != expected.Kind)
        {
            return StatusErrors.BadRequest($"invalid object type: {shown}");
        }

        if (Metadata("managedFields") is { ValueKind: JsonValueKind.Array })
        {
            return StatusErrors.BadRequest("metadata.managedFields must be nil");
        }

        var current = expected.Codec.Decode(live.Json);
        current.Metadata.ManagedFields ??= owners;
        var annotation = "";
        if (_options.FieldManager == Kubectl)
        {
            current.Metadata.Annotations?.TryGetValue(LastApplied, out annotation);
        }

        var outcome = ownership.Apply(new ApplyRequest
        {
            Live = live,
            Empty = empty,
            Applied = _applied,
            AppliedName = $"{MetadataText("namespace")}/{MetadataText("name")}; {shown}",
            Managed = ManagedFields.Of(current.Metadata.ManagedFields),
            Manager = _options.FieldManager,
            Force = _options.Force,
            LastApplied = annotation ?? "",
        });
        if (!outcome.Succeeded)
        {
            return outcome.Error;
        }

        var item = outcome.Value.Json is { } json ? Read(expected, json) : Outcomes.Of(current);
        if (!item.Succeeded)
        {
            return item;
        }

        item.Value.Metadata.ManagedFields = outcome.Value.Managed.Encode();
        if (_options.FieldManager == Kubectl && item.Value.Metadata.Annotations?.ContainsKey(LastApplied) == true)
        {
            item.Value.Metadata.Annotations[LastApplied] = Configuration();
        }

        return FindDuplicates(warnings) is { } refusal ? refusal : item;
    }

    private static Outcome<IKubernetesObject<V1ObjectMeta>> Read(ExpectedBody expected, ReadOnlyMemory<byte> json)
    {
        var decoding = new JsonDecoding();
        var item = expected.Codec.Read(json.Span, decoding);
        return decoding.Error is { } error
            ? new Status { Code = 500, Reason = StatusReasons.Unknown, Message = error }
            : Outcomes.Of(item);
    }

    private Status? FindDuplicates(ICollection<string> warnings)
    {
        if (_duplicateKeys is null || _options.FieldValidation == FieldValidation.Ignore)
        {
            return null;
        }

        if (_options.FieldValidation == FieldValidation.Strict)
        {
            return StatusErrors.BadRequest(
                $"error strict decoding YAML: {YamlConverter.ConversionError}{_duplicateKeys}");
        }

        YamlConverter.WarnOfDuplicates(_duplicateKeys, warnings);
        return null;
    }

    /// <summary>The configuration as the annotation of older clients has it.</summary>
    private string Configuration()
    {
        var node = JsonTree.Sorted(JsonObject.Create(_applied))!;
        (node["metadata"]?["annotations"] as JsonObject)?.Remove(LastApplied);
        return System.Text.Encoding.UTF8.GetString(JsonTree.ToBytes(node).Span) + "\n";
    }

    private string Text(string field) => Text(_applied, field);

    private string MetadataText(string field) =>
        _applied.TryGetProperty("metadata", out var metadata) ? Text(metadata, field) : "";

    private JsonElement Metadata(string field) =>
        _applied.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object
        && metadata.TryGetProperty(field, out var value)
            ? value
            : default;

    private static string Text(JsonElement map, string field) =>
        map.ValueKind == JsonValueKind.Object && map.TryGetProperty(field, out var value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : "";
}
