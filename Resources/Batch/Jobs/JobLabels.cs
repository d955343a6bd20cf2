using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Batch.Jobs;

/// <summary>
/// The labels by which a Job knows its pods. Unless the client manages the selector, the API makes both, of the uid, so
/// that no two Jobs ever share pods.
/// </summary>
public static class JobLabels
{
    public const string JobName = "batch.kubernetes.io/job-name";
    public const string ControllerUid = "batch.kubernetes.io/controller-uid";
    public const string OldJobName = "job-name";
    public const string OldControllerUid = "controller-uid";

    /// <summary>
    /// Puts labels and selector where the client has none; what contradicts them, validation refuses.
    /// </summary>
    public static void Generate(V1Job job)
    {
        if (job.Spec.ManualSelector == true)
        {
            return;
        }

        var (metadata, name) = (job.Spec.Template.Metadata, job.Metadata.Name ?? "");
        metadata.Labels ??= new Dictionary<string, string>(StringComparer.Ordinal);
        metadata.Labels.TryAdd(OldJobName, name);
        metadata.Labels.TryAdd(JobName, name);
        metadata.Labels.TryAdd(OldControllerUid, job.Metadata.Uid);
        metadata.Labels.TryAdd(ControllerUid, job.Metadata.Uid);
        job.Spec.Selector ??= new V1LabelSelector();
        job.Spec.Selector.MatchLabels ??= new Dictionary<string, string>(StringComparer.Ordinal);
        job.Spec.Selector.MatchLabels.TryAdd(ControllerUid, job.Metadata.Uid);
    }

    /// <summary>True when a template has the labels with a prefix, as those have that are newer than they.</summary>
    public static bool ArePrefixed(V1PodTemplateSpec template) =>
        template.Metadata?.Labels is { } labels && labels.ContainsKey(JobName) && labels.ContainsKey(ControllerUid);

    /// <summary>Findings on what was to be generated.</summary>
    public static void Validate(V1Job job, bool requirePrefixed, FieldErrors errors)
    {
        if (job.Spec.ManualSelector == true || job.Spec.Selector is not { } selector)
        {
            return;
        }

        var expected = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [OldControllerUid] = job.Metadata.Uid,
            [OldJobName] = job.Metadata.Name ?? "",
        };
        if (requirePrefixed)
        {
            expected[ControllerUid] = job.Metadata.Uid;
            expected[JobName] = expected[OldJobName];
        }

        foreach (var (key, value) in expected)
        {
            Has(job.Spec.Template.Metadata?.Labels, key, value, errors);
        }

        if (JobSpecRules.IsUsable(selector)
            && !LabelSelector.Of(selector).Matches((IReadOnlyDictionary<string, string>)expected))
        {
            errors.Invalid(
                FieldPath.Of("spec", "selector"), InternalForm.Shown(selector), "`selector` not auto-generated");
        }
    }

    private static void Has(IDictionary<string, string>? labels, string key, string value, FieldErrors errors)
    {
        var path = FieldPath.Of("spec", "template", "metadata", "labels").Key(key);
        if (labels?.TryGetValue(key, out var actual) != true)
        {
            errors.Required(path, $"must be '{value}'");
        }
        else if (actual != value)
        {
            errors.Invalid(path, InternalForm.Shown(labels), $"must be '{value}'");
        }
    }
}
