using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Resources.FlowControl.PriorityLevels;

/// <summary>The rules of PriorityLevelConfigurations.</summary>
public sealed class PriorityLevelConfigurationStrategy : ResourceStrategy<V1PriorityLevelConfiguration>
{
    private const int DefaultShares = 30;
    private const int DefaultQueues = 64;
    private const int DefaultHandSize = 8;
    private const int DefaultQueueLength = 50;

    /// <summary>Only objects of version v1beta3 had it, which kept what their fields could not say.</summary>
    private const string KeepsZeroAnnotation = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares";

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("Type", "string", "", FlowControlTexts.LevelType),
        new("NominalConcurrencyShares", "string", "", FlowControlTexts.Shares),
        new("Queues", "string", "", FlowControlTexts.Queues),
        new("HandSize", "string", "", FlowControlTexts.HandSize),
        new("QueueLengthLimit", "string", "", FlowControlTexts.QueueLengthLimit),
        TableColumns.Age,
    ];

    public override IReadOnlyList<object?> Cells(V1PriorityLevelConfiguration item, DateTimeOffset now)
    {
        var limited = item.Spec.Limited;
        var queuing = limited?.LimitResponse?.Queuing;
        return
        [
            item.Metadata.Name,
            item.Spec.Type ?? "",
            limited is null ? TableColumns.None : limited.NominalConcurrencyShares,
            queuing is null ? TableColumns.None : queuing.Queues,
            queuing is null ? TableColumns.None : queuing.HandSize,
            queuing is null ? TableColumns.None : queuing.QueueLengthLimit,
            TableColumns.AgeOf(item, now),
        ];
    }

    public override FieldFilter? OwnableFields(string subresource) =>
        subresource == "status" ? FieldFilter.NoSpecNorMetadata : base.OwnableFields(subresource);

    public override void SetDefaults(V1PriorityLevelConfiguration item)
    {
        item.Spec ??= new V1PriorityLevelConfigurationSpec();
        item.Status ??= new V1PriorityLevelConfigurationStatus();
        ModelShape.Normalize(item);
        if (item.Spec.Exempt is { } exempt)
        {
            exempt.NominalConcurrencyShares ??= 0;
            exempt.LendablePercent ??= 0;
        }

        if (item.Spec.Limited is { } limited)
        {
            limited.NominalConcurrencyShares ??= DefaultShares;
            limited.LendablePercent ??= 0;
            limited.LimitResponse ??= new V1LimitResponse { Type = "" };
            SetDefaults(limited.LimitResponse.Queuing);
        }
    }

    public override void PrepareForCreate(V1PriorityLevelConfiguration item)
    {
        item.Status = new V1PriorityLevelConfigurationStatus();
        item.Metadata.Generation = 1;
    }

    public override void Validate(V1PriorityLevelConfiguration item, FieldErrors errors)
    {
        if (item.GetAnnotation(KeepsZeroAnnotation) is not null)
        {
            errors.Forbidden(
                FieldPath.Of("metadata", "annotations"), $"annotation '{KeepsZeroAnnotation}' is forbidden");
        }

        PriorityLevelRules.Validate(item.Metadata.Name ?? "", item.Spec, errors);
        ValidateMandatory(item, errors);
        FlowControlRules.ValidateConditions((item.Status?.Conditions ?? []).Select(c => c.Type), errors);
    }

    public override void PrepareForUpdate(
        V1PriorityLevelConfiguration item, V1PriorityLevelConfiguration old, string subresource)
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

    public override void ValidateUpdate(
        V1PriorityLevelConfiguration item, V1PriorityLevelConfiguration old, string subresource, FieldErrors errors)
    {
        if (subresource == "status")
        {
            FlowControlRules.ValidateConditions((item.Status?.Conditions ?? []).Select(c => c.Type), errors);
            return;
        }

        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: false, ValidateName, errors);
        Validate(item, errors);
    }

    /// <summary>How much of the server those have who wait for nobody, an administrator may say.</summary>
    private static void ValidateMandatory(V1PriorityLevelConfiguration item, FieldErrors errors)
    {
        if (BuiltInFlowControl.MandatoryLevel(item.Metadata.Name) is not { } mandatory)
        {
            return;
        }

        var isExempt = item.Metadata.Name == PriorityLevelRules.Exempt;
        var wanted = new V1PriorityLevelConfigurationSpec
        {
            Type = mandatory.Spec.Type,
            Limited = mandatory.Spec.Limited,
            Exempt = isExempt ? item.Spec.Exempt : mandatory.Spec.Exempt,
        };
        FlowControlRules.ValidateMandatory(
            item.Metadata.Name, item.Spec, wanted, isExempt ? "except the 'spec.exempt' field " : "", errors);
    }

    private static void SetDefaults(V1QueuingConfiguration? queuing)
    {
        if (queuing is not null)
        {
            queuing.Queues = queuing.Queues is { } queues and not 0 ? queues : DefaultQueues;
            queuing.HandSize = queuing.HandSize is { } hand and not 0 ? hand : DefaultHandSize;
            queuing.QueueLengthLimit = queuing.QueueLengthLimit is { } length and not 0 ? length : DefaultQueueLength;
        }
    }
}
