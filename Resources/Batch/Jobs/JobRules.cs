using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Resources.Apps;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Batch.Jobs;

/// <summary>What Jobs and CronJobs share: findings on new ones and on changes of their spec, and columns.</summary>
internal static class JobRules
{
    private const string Immutable = "field is immutable";

    private static readonly FieldPath Spec = FieldPath.Of("spec");

    /// <summary>The columns that wide tables of Jobs and CronJobs end with.</summary>
    public static IEnumerable<TableColumn> WideColumns => WorkloadRules.WideColumns(
        "A label query over pods that should match the pod count. Normally, the system sets this field for " +
        "you. More info: " +
        "https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors");

    /// <summary>A Job, metadata excluded.</summary>
    public static void Validate(V1Job job, bool requirePrefixed, FieldErrors errors)
    {
        JobLabels.Validate(job, requirePrefixed, errors);
        ValidateSpec(job.Spec, errors);
        if (job.Spec is { CompletionMode: JobSpecRules.Indexed, Completions: > 0 and var completions })
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{job.Metadata.Name}-{completions - 1}");
            if (!NameChecks.IsDnsLabel(name))
            {
                errors.Invalid(
                    FieldPath.Of("metadata", "name"),
                    job.Metadata.Name,
                    $"will not able to create pod with invalid DNS label: {name}");
            }
        }
    }

    /// <summary>A change of the spec.</summary>
    public static void ValidateUpdate(V1Job job, V1Job old, FieldErrors errors)
    {
        var (spec, before) = (job.Spec, old.Spec);
        ValidateSpec(spec, errors);
        Completions(spec, before, errors);
        if (!ModelShape.SemanticEquals(spec.Selector, before.Selector))
        {
            errors.Invalid(Spec.Child("selector"), InternalForm.Shown(spec.Selector), Immutable);
        }

        Template(spec, old, errors);
        Same("completionMode", spec.CompletionMode, before.CompletionMode, errors);
        SameModel("podFailurePolicy", spec.PodFailurePolicy, before.PodFailurePolicy, errors);
        Same("backoffLimitPerIndex", spec.BackoffLimitPerIndex, before.BackoffLimitPerIndex, errors);
        Same("managedBy", spec.ManagedBy, before.ManagedBy, errors);
        SameModel("successPolicy", spec.SuccessPolicy, before.SuccessPolicy, errors);
    }

    private static void ValidateSpec(V1JobSpec spec, FieldErrors errors)
    {
        JobSpecRules.Validate(spec, Spec, errors);
        if (spec.Selector is null)
        {
            errors.Required(Spec.Child("selector"));
        }
        else
        {
            LabelSelectorRules.Validate(spec.Selector, Spec.Child("selector"), errors);
        }

        if (spec.Selector is null || JobSpecRules.IsUsable(spec.Selector))
        {
            Apps.WorkloadRules.SelectorMatches(spec.Selector, spec.Template, Spec, errors);
        }
    }

    /// <summary>A Job with indexes may grow and shrink with its parallelism.</summary>
    private static void Completions(V1JobSpec spec, V1JobSpec old, FieldErrors errors)
    {
        if (spec.CompletionMode != JobSpecRules.Indexed)
        {
            Same("completions", spec.Completions, old.Completions, errors);
        }
        else if (spec.Completions != old.Completions && spec.Completions is { } count && count != spec.Parallelism)
        {
            errors.Invalid(
                Spec.Child("completions"), count, "can only be modified in tandem with spec.parallelism");
        }
    }

    /// <summary>
    /// The template is fixed; but of a Job that is suspended and has no pods, where pods may run and what they may use
    /// can still be decided (KEPs 2926 and 5440).
    /// </summary>
    private static void Template(V1JobSpec spec, V1Job old, FieldErrors errors)
    {
        var template = spec.Template;
        var isIdle = old.Spec.Suspend == true
            && old.Status?.Active is null or 0
            && (old.Status?.StartTime is null || JobStatusRules.IsTrue(old.Status, "Suspended"));
        if (!isIdle)
        {
            if (!ModelShape.SemanticEquals(template, old.Spec.Template))
            {
                errors.Invalid(Spec.Child("template"), InternalForm.Shown(template), Immutable);
            }

            return;
        }

        var before = WithPlacementOf(old.Spec.Template.Spec, template.Spec);
        before.Containers = WithResourcesOf(before.Containers, template.Spec.Containers);
        before.InitContainers = WithResourcesOf(before.InitContainers, template.Spec.InitContainers);
        if (!ModelShape.SemanticEquals(template.Spec, before))
        {
            errors.Invalid(Spec.Child("template.spec"), InternalForm.Shown(template.Spec), Immutable);
        }
    }

    private static V1PodSpec WithPlacementOf(V1PodSpec old, V1PodSpec next)
    {
        var result = PodCopies.Of(old);
        result.NodeSelector = next.NodeSelector;
        result.Tolerations = next.Tolerations;
        result.SchedulingGates = next.SchedulingGates;
        result.Affinity = (old.Affinity, next.Affinity) switch
        {
            (null, null) or ({ PodAffinity: null, PodAntiAffinity: null }, null) => null,
            var (before, after) => new V1Affinity
            {
                NodeAffinity = after?.NodeAffinity,
                PodAffinity = before?.PodAffinity,
                PodAntiAffinity = before?.PodAntiAffinity,
            },
        };
        return result;
    }

    private static IList<V1Container>? WithResourcesOf(IList<V1Container>? old, IList<V1Container>? next)
    {
        if (old is null || old.Count != next?.Count)
        {
            return old;
        }

        return [.. old.Zip(next, WithResourcesOf)];
    }

    private static V1Container WithResourcesOf(V1Container old, V1Container next)
    {
        if (old.Name != next.Name)
        {
            return old;
        }

        var result = PodCopies.Of(old);
        result.Resources = next.Resources;
        return result;
    }

    private static void Same<T>(string field, T value, T old, FieldErrors errors)
    {
        if (!Equals(value, old))
        {
            errors.Invalid(Spec.Child(field), value, Immutable);
        }
    }

    private static void SameModel<T>(string field, T? value, T? old, FieldErrors errors)
        where T : class
    {
        if (!ModelShape.SemanticEquals(value, old))
        {
            errors.Invalid(Spec.Child(field), InternalForm.Shown(value), Immutable);
        }
    }
}
