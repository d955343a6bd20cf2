using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Resources.FlowControl.FlowSchemas;

/// <summary>The rules of FlowSchemas.</summary>
public sealed class FlowSchemaStrategy : ResourceStrategy<V1FlowSchema>, ISortedRows
{
    private const int DefaultPrecedence = 1000;

    /// <summary>As requests are held against them.</summary>
    public IComparer<IKubernetesObject<V1ObjectMeta>> RowOrder { get; } =
        Comparer<IKubernetesObject<V1ObjectMeta>>.Create(static (one, other) =>
        {
            var byPrecedence = PrecedenceOf(one).CompareTo(PrecedenceOf(other));
            return byPrecedence != 0 ? byPrecedence : string.CompareOrdinal(one.Metadata.Name, other.Metadata.Name);
        });

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("PriorityLevel", "string", "", FlowControlTexts.PriorityLevel),
        new("MatchingPrecedence", "string", "", FlowControlTexts.MatchingPrecedence),
        new("DistinguisherMethod", "string", "", FlowControlTexts.DistinguisherMethod),
        TableColumns.Age,
        new("MissingPL", "string", "", "references a broken or non-existent PriorityLevelConfiguration"),
    ];

    public override IReadOnlyList<object?> Cells(V1FlowSchema item, DateTimeOffset now) =>
    [
        item.Metadata.Name,
        item.Spec.PriorityLevelConfiguration.Name,
        item.Spec.MatchingPrecedence,
        item.Spec.DistinguisherMethod?.Type ?? TableColumns.None,
        TableColumns.AgeOf(item, now),
        item.Status?.Conditions?.FirstOrDefault(c => c.Type == "Dangling")?.Status ?? "?",
    ];

    public override FieldFilter? OwnableFields(string subresource) =>
        subresource == "status" ? FieldFilter.NoSpecNorMetadata : base.OwnableFields(subresource);

    public override void SetDefaults(V1FlowSchema item)
    {
        item.Spec ??= new V1FlowSchemaSpec();
        item.Spec.PriorityLevelConfiguration ??= new V1PriorityLevelConfigurationReference();
        item.Status ??= new V1FlowSchemaStatus();
        ModelShape.Normalize(item);
        if (item.Spec.MatchingPrecedence is null or 0)
        {
            item.Spec.MatchingPrecedence = DefaultPrecedence;
        }
    }

    public override void PrepareForCreate(V1FlowSchema item)
    {
        item.Status = new V1FlowSchemaStatus();
        item.Metadata.Generation = 1;
    }

    public override void Validate(V1FlowSchema item, FieldErrors errors)
    {
        FlowSchemaRules.Validate(item.Metadata.Name ?? "", item.Spec, errors);
        FlowControlRules.ValidateMandatory(
            item.Metadata.Name, item.Spec, BuiltInFlowControl.MandatorySchema(item.Metadata.Name)?.Spec, "", errors);
        FlowControlRules.ValidateConditions((item.Status?.Conditions ?? []).Select(c => c.Type), errors);
    }

    public override void PrepareForUpdate(V1FlowSchema item, V1FlowSchema old, string subresource)
    {
        if (subresource == "status")
        {
            ObjectMetaRules.Keep(item.Metadata, old.Metadata);
            item.Spec = old.Spec;
            return;
        }

        item.Status = old.Status;
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, item.Spec, old.Spec);
    }

    public override void ValidateUpdate(V1FlowSchema item, V1FlowSchema old, string subresource, FieldErrors errors)
    {
        if (subresource == "status")
        {
            FlowControlRules.ValidateConditions((item.Status?.Conditions ?? []).Select(c => c.Type), errors);
            return;
        }

        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: false, ValidateName, errors);
        Validate(item, errors);
    }

    private static int PrecedenceOf(IKubernetesObject<V1ObjectMeta> item) =>
        ((V1FlowSchema)item).Spec?.MatchingPrecedence ?? 0;
}
