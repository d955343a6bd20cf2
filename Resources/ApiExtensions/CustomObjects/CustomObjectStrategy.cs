using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Resources.ApiExtensions.Rules;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;

/// <summary>The rules of a custom kind in one version, which are those of its definition.</summary>
public sealed class CustomObjectStrategy : ResourceStrategy<CustomObject>
{
    private static readonly FieldFilter StatusOnly = FieldFilter.Only(["status"]);

    /// <summary>
    /// What of a schema's complaints keeps its rules from being asked: the value is not what they expect.
    /// </summary>
    private static readonly string[] Blocking =
        ["FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany",
            "FieldValueTypeInvalid"];

    private readonly VersionSchema _known;
    private readonly bool _hasStatus;
    private readonly ScalePaths? _scale;
    private readonly PrinterColumns _columns;

    /// <summary>The rules of a version.</summary>
    /// <param name="schema">Its schema.</param>
    /// <param name="version">What its definition says of it; nothing of this is kept but small parts.</param>
    public CustomObjectStrategy(VersionSchema schema, V1CustomResourceDefinitionVersion version)
    {
        _known = schema;
        Codec = new CustomObjectCodec(schema);
        _hasStatus = version.Subresources?.Status is not null;
        _scale = ScaleOf(version);
        _columns = new PrinterColumns(version.AdditionalPrinterColumns);
        SelectableFields = [.. (version.SelectableFields ?? []).Select(f => new SelectableField(f.JsonPath[1..]))];
    }

    public override IObjectCodec Codec { get; }

    public override bool AllowUnconditionalUpdate => false;

    public override IReadOnlyList<SelectableField> SelectableFields { get; }

    public override IReadOnlyList<TableColumn> Columns => _columns.Columns;

    /// <summary>The schema of the version.</summary>
    public VersionSchema Known => _known;

    /// <summary>Where a version keeps what its scale shows; null for one without.</summary>
    public static ScalePaths? ScaleOf(V1CustomResourceDefinitionVersion version) =>
        version.Subresources?.Scale is { } scale
            ? new ScalePaths(
                scale.SpecReplicasPath.TrimStart('.'), scale.StatusReplicasPath.TrimStart('.'),
                scale.LabelSelectorPath?.TrimStart('.') ?? "")
            : null;

    public override string? UnknownFieldText(string label) => $"field label not supported: {label}";

    public override IReadOnlyList<object?> Cells(CustomObject item, DateTimeOffset now) => _columns.Cells(item, now);

    public override void SetDefaults(CustomObject item)
    {
        SchemaDefaults.Apply(item.Body, _known.Schema);
        foreach (var name in CustomObject.TypeAndMetadata)
        {
            item.Body.Remove(name);
        }
    }

    public override void PrepareForCreate(CustomObject item)
    {
        item.Metadata.Generation = 1;
        if (_hasStatus)
        {
            item.Body.Remove("status");
        }
    }

    public override void PrepareForUpdate(CustomObject item, CustomObject old, string subresource)
    {
        var from = subresource == "status" ? item : old;
        if (_hasStatus || subresource == "status")
        {
            var status = from.Body["status"]?.DeepClone();
            if (subresource == "status")
            {
                item.Body = (JsonObject)old.Body.DeepClone();
                KeepMetadata(item, old);
            }

            item.Body.Remove("status");
            if (status is not null)
            {
                item.Body["status"] = status;
            }
        }

        var isSame = subresource.Length > 0 || JsonNode.DeepEquals(item.Body, old.Body);
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, isSame);
    }

    public override void Validate(CustomObject item, FieldErrors errors) => Validate(item, null, "", errors);

    public override void ValidateUpdate(
        CustomObject item, CustomObject old, string subresource, FieldErrors errors) =>
        Validate(item, old, subresource, errors);

    /// <summary>Any finalizer is taken, but not without a word.</summary>
    public override IEnumerable<string> Warnings(CustomObject item, CustomObject? old) =>
        FinalizerWarnings.Of(item.Metadata.Finalizers ?? [], old?.Metadata.Finalizers ?? []);

    public override FieldFilter? OwnableFields(string subresource) => subresource switch
    {
        "" when _hasStatus => FieldFilter.NoStatus,
        "status" => StatusOnly,
        _ => null,
    };

    private static void KeepMetadata(CustomObject item, CustomObject old)
    {
        var metadata = ResourceCodec.Decode<V1ObjectMeta>(ResourceCodec.Encode(old.Metadata));
        metadata.ManagedFields = item.Metadata.ManagedFields;
        metadata.ResourceVersion = item.Metadata.ResourceVersion;
        item.Metadata = metadata;
    }

    private void Validate(CustomObject item, CustomObject? old, string subresource, FieldErrors errors)
    {
        if (_known.Schema is not { } schema)
        {
            return;
        }

        var isStatus = subresource == "status";
        if (isStatus)
        {
            ValidateStatus(item, old, schema, errors);
        }
        else
        {
            new SchemaValidator(errors).ValidateWhole(Whole(item), schema, old is null ? null : Whole(old));
        }

        if (_scale is not null)
        {
            ScaleRules.Validate(_scale, item.Body, isStatus, errors);
        }

        if (_known.HasEmbedded && !isStatus)
        {
            EmbeddedObjects.Validate(item.Body, schema, null, errors);
        }

        ValidateKeys(item, old, schema, errors);

        if (_known.Rules is { } rules)
        {
            ValidateRules(rules, item, old, errors);
        }
    }

    /// <summary>A write of the status answers for it alone, as if it were a whole.</summary>
    private static void ValidateStatus(CustomObject item, CustomObject? old, JsonSchema schema, FieldErrors errors)
    {
        if (schema.Properties.TryGetValue("status", out var below)
            && item.Body.TryGetPropertyValue("status", out var status))
        {
            new SchemaValidator(errors, FieldPath.Of("status")).Validate(status, below, old?.Body["status"]);
        }
    }

    private static void ValidateRules(RuleTree rules, CustomObject item, CustomObject? old, FieldErrors errors)
    {
        if (errors.All.Any(static e => Blocking.Contains(e.Reason)))
        {
            errors.Invalid(
                FieldPath.Nowhere, null, "some validation rules were not checked because the object was invalid; "
                + "correct the existing errors to complete validation");
            return;
        }

        rules.Validate(
            ResourceCodec.Encode(item), old is null ? (ReadOnlyMemory<byte>?)null : ResourceCodec.Encode(old), errors);
    }

    /// <summary>What was in lists twice before the update is not held against it.</summary>
    private static void ValidateKeys(CustomObject item, CustomObject? old, JsonSchema schema, FieldErrors errors)
    {
        if (!schema.HasKeyedLists)
        {
            return;
        }

        var (found, before) = (new FieldErrors(), new FieldErrors());
        ListKeys.Validate(item.Body, schema, null, found);
        if (found.Count > 0 && old is not null)
        {
            ListKeys.Validate(old.Body, schema, null, before);
        }

        if (before.Count > 0)
        {
            return;
        }

        foreach (var error in found.All)
        {
            errors.Add(error);
        }
    }

    /// <summary>The body, with type and metadata where the schema has demands on them.</summary>
    private JsonObject Whole(CustomObject item) => _known.IsOfMetadata ? WithTypeAndMetadata(item) : item.Body;

    private static JsonObject WithTypeAndMetadata(CustomObject item)
    {
        var whole = (JsonObject)item.Body.DeepClone();
        whole["apiVersion"] = item.ApiVersion;
        whole["kind"] = item.Kind;
        whole["metadata"] = JsonTree.ParseOwn(ResourceCodec.Encode(item.Metadata));
        return whole;
    }
}
