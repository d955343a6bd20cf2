using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Resources.ApiExtensions.Rules;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;

/// <summary>The rules of a custom kind in one version, which are those of its definition.</summary>
public sealed class CustomObjectStrategy : ResourceStrategy<CustomObject>
{
    private static readonly string[] TypeAndMetadata = ["apiVersion", "kind", "metadata"];
    private static readonly FieldFilter StatusOnly = FieldFilter.Only(["status"]);

    /// <summary>
    /// What of a schema's complaints keeps its rules from being asked: the value is not what they expect.
    /// </summary>
    private static readonly string[] Blocking =
        ["FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany",
            "FieldValueTypeInvalid"];

    private readonly JsonSchema? _schema;
    private readonly RuleTree? _rules;
    private readonly bool _hasStatus;
    private readonly bool _hasEmbedded;
    private readonly ScalePaths? _scale;
    private readonly PrinterColumns _columns;

    /// <summary>The rules of a version.</summary>
    /// <param name="kind">Its place.</param>
    /// <param name="version">What its definition says of it.</param>
    public CustomObjectStrategy(SchemaKind kind, V1CustomResourceDefinitionVersion version)
    {
        _schema = JsonSchema.Of(version.Schema);
        _rules = _schema is null ? null : RuleTree.Of(_schema, isRoot: true);
        Codec = new CustomObjectCodec(kind, _schema);
        _hasStatus = version.Subresources?.Status is not null;
        _hasEmbedded = _schema?.All().Any(static s => s.IsEmbedded) == true;
        _scale = ScaleOf(version);
        _columns = new PrinterColumns(version.AdditionalPrinterColumns);
        SelectableFields = [.. (version.SelectableFields ?? []).Select(f => new SelectableField(f.JsonPath[1..]))];
    }

    public override IObjectCodec Codec { get; }

    public override bool AllowUnconditionalUpdate => false;

    public override IReadOnlyList<SelectableField> SelectableFields { get; }

    public override IReadOnlyList<TableColumn> Columns => _columns.Columns;

    /// <summary>As it is published; null when the version has none.</summary>
    public JsonSchema? Schema => _schema;

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
        SchemaDefaults.Apply(item.Body, _schema);
        foreach (var name in TypeAndMetadata)
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

        if (subresource.Length == 0 && !JsonNode.DeepEquals(item.Body, old.Body))
        {
            item.Metadata.Generation = (old.Metadata.Generation ?? 0) + 1;
        }
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
        if (_schema is null)
        {
            return;
        }

        var isStatus = subresource == "status";
        if (isStatus)
        {
            ValidateStatus(item, old, errors);
        }
        else
        {
            new SchemaValidator(errors).Validate(Whole(item), _schema, old: old is null ? null : Whole(old));
        }

        if (_scale is not null)
        {
            ScaleRules.Validate(_scale, item.Body, isStatus, errors);
        }

        if (_hasEmbedded && !isStatus)
        {
            EmbeddedObjects.Validate(item.Body, _schema, null, errors);
        }

        if (old is null || !HasDoubles(old))
        {
            ListKeys.Validate(item.Body, _schema, null, errors);
        }

        if (_rules is not null)
        {
            ValidateRules(_rules, item, old, errors);
        }
    }

    /// <summary>A write of the status answers for it alone, as if it were a whole.</summary>
    private void ValidateStatus(CustomObject item, CustomObject? old, FieldErrors errors)
    {
        if (_schema!.Properties.TryGetValue("status", out var schema)
            && item.Body.TryGetPropertyValue("status", out var status))
        {
            new SchemaValidator(errors, FieldPath.Of("status")).Validate(status, schema, old: old?.Body["status"]);
        }
    }

    private static void ValidateRules(RuleTree rules, CustomObject item, CustomObject? old, FieldErrors errors)
    {
        if (errors.All.Any(static e => Blocking.Contains(e.Reason)))
        {
            errors.Invalid(
                FieldPath.Of("<nil>"), null, "some validation rules were not checked because the object was invalid; "
                + "correct the existing errors to complete validation");
            return;
        }

        rules.Validate(WithTypeAndMetadata(item), old is null ? null : WithTypeAndMetadata(old), errors);
    }

    /// <summary>What was in lists twice before the update is not held against it.</summary>
    private bool HasDoubles(CustomObject old)
    {
        var found = new FieldErrors();
        ListKeys.Validate(old.Body, _schema, null, found);
        return found.Count > 0;
    }

    /// <summary>The body, with type and metadata where the schema says something of them.</summary>
    private JsonObject Whole(CustomObject item)
    {
        if (!TypeAndMetadata.Any(n => _schema!.Properties.ContainsKey(n) || _schema.Required.Contains(n)))
        {
            return item.Body;
        }

        return WithTypeAndMetadata(item);
    }

    private static JsonObject WithTypeAndMetadata(CustomObject item)
    {
        var whole = (JsonObject)item.Body.DeepClone();
        whole["apiVersion"] = item.ApiVersion;
        whole["kind"] = item.Kind;
        whole["metadata"] = JsonNode.Parse(ResourceCodec.Encode(item.Metadata));
        return whole;
    }
}
