using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Resources.Apps;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Batch.Jobs;

/// <summary>The rules of Jobs.</summary>
public sealed class JobStrategy : ResourceStrategy<V1Job>
{
    private const int BackoffLimit = 6;

    public override IReadOnlyList<SelectableField> SelectableFields { get; } =
        [new("status.successful", "status.succeeded", "0")];

    public override string? UnknownFieldText(string label) =>
        $"field label {GoText.Quote(label)} not supported for Job";

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("Status", "string", "", "Status of the job."),
        new(
            "Completions",
            "string",
            "",
            "The number of pods which reached phase Succeeded. The value increases monotonically for a given spec. " +
            "However, it may decrease in reaction to scale down of elastic indexed jobs."),
        new("Duration", "string", "", "Time required to complete the job."),
        TableColumns.Age,
        .. JobRules.WideColumns,
    ];

    public override IReadOnlyList<object?> Cells(V1Job item, DateTimeOffset now) =>
    [
        item.Metadata.Name,
        State(item),
        Completions(item),
        Duration(item, now),
        TableColumns.AgeOf(item, now),
        .. WorkloadRules.WideCells(item.Spec.Template, item.Spec.Selector),
    ];

    public override void SetDefaults(V1Job item)
    {
        ModelShape.Normalize(item);
        item.Status ??= new V1JobStatus();
        var spec = item.Spec ??= new V1JobSpec();
        if (spec is { Completions: null, Parallelism: null })
        {
            spec.Completions = 1;
        }

        spec.Parallelism ??= 1;
        spec.BackoffLimit ??= spec.BackoffLimitPerIndex is null ? BackoffLimit : int.MaxValue;
        spec.CompletionMode ??= JobSpecRules.NonIndexed;
        spec.Suspend ??= false;
        spec.ManualSelector ??= false;
        spec.PodReplacementPolicy ??= spec.PodFailurePolicy is null ? "TerminatingOrFailed" : "Failed";
        JobSpecRules.SetDefaults(spec);
        LabelsFromTemplate(item);
    }

    public override void PrepareForCreate(V1Job item)
    {
        JobLabels.Generate(item);
        item.Status = new V1JobStatus();
        item.Metadata.Generation = 1;
        PodTemplateRules.Prepare(item.Spec.Template);

        // Labels that are wrong are told of where they come from.
        if (item.Spec.Template.Metadata.Labels?.Values.All(NameRules.IsLabelValue) == true)
        {
            LabelsFromTemplate(item);
        }
    }

    public override void Validate(V1Job item, FieldErrors errors) =>
        JobRules.Validate(item, requirePrefixed: true, errors);

    public override void PrepareForUpdate(V1Job item, V1Job old, string subresource)
    {
        if (subresource == "status")
        {
            item.Spec = old.Spec;
            return;
        }

        item.Status = old.Status;
        PodTemplateRules.Prepare(item.Spec.Template);
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, item.Spec, old.Spec);
    }

    public override void ValidateUpdate(V1Job item, V1Job old, string subresource, FieldErrors errors)
    {
        if (subresource == "status")
        {
            new JobStatusRules(item, old, errors).Validate();
            return;
        }

        // Upstream validates an update as a new object first.
        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: true, ValidateName, errors);
        JobRules.Validate(item, JobLabels.ArePrefixed(old.Spec.Template), errors);
        JobRules.ValidateUpdate(item, old, errors);
    }

    public override IEnumerable<string> Warnings(V1Job item, V1Job? old)
    {
        if (old is not null && old.Metadata.Generation == item.Metadata.Generation)
        {
            return [];
        }

        var texts = JobSpecRules.Warnings(item.Spec, FieldPath.Of("spec"));
        return old is null ? WorkloadRules.NameWarnings(item.Metadata).Concat(texts) : texts;
    }

    /// <summary>The same labels, not a copy: what is generated for the template is then on the Job too.</summary>
    private static void LabelsFromTemplate(V1Job item)
    {
        if (item.Metadata.Labels is not { Count: > 0 } && item.Spec.Template.Metadata.Labels is { Count: > 0 } labels)
        {
            item.Metadata.Labels = labels;
        }
    }

    private static string State(V1Job job)
    {
        bool Is(string type) => job.Status?.Conditions?.FirstOrDefault(c => c.Type == type)?.Status == "True";
        return 0 switch
        {
            _ when Is("Complete") => "Complete",
            _ when Is("Failed") => "Failed",
            _ when job.Metadata.DeletionTimestamp is not null => "Terminating",
            _ when Is("Suspended") => "Suspended",
            _ when Is("FailureTarget") => "FailureTarget",
            _ when Is("SuccessCriteriaMet") => "SuccessCriteriaMet",
            _ => "Running",
        };
    }

    private static string Completions(V1Job job)
    {
        var succeeded = job.Status?.Succeeded ?? 0;
        return (job.Spec.Completions, job.Spec.Parallelism ?? 0) switch
        {
            ({ } wanted, _) => string.Create(CultureInfo.InvariantCulture, $"{succeeded}/{wanted}"),
            (null, > 1 and var parallel) => string.Create(CultureInfo.InvariantCulture, $"{succeeded}/1 of {parallel}"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{succeeded}/1"),
        };
    }

    private static string Duration(V1Job job, DateTimeOffset now) => job.Status switch
    {
        { StartTime: { } start } status => HumanDuration.Format((status.CompletionTime ?? now.UtcDateTime) - start),
        _ => "",
    };
}
