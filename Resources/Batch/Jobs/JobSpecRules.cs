using k8s.Models;
using OrleansOrchestrator.Resources.Apps;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Batch.Jobs;

/// <summary>What holds for the spec of a Job, on its own and in a CronJob.</summary>
internal static class JobSpecRules
{
    public const string Indexed = "Indexed";
    public const string NonIndexed = "NonIndexed";

    private const int MaxParallelismOfIndexed = 100_000;
    private const int MaxFailedIndexes = 100_000;
    private const int ManyCompletions = 100_000;
    private const int MaxOfManyCompletions = 10_000;
    private const int ManagedByMaxLength = 63;

    private static readonly string[] ReplacementPolicies = ["Failed", "TerminatingOrFailed"];

    /// <summary>Defaults that hold in a CronJob too.</summary>
    public static void SetDefaults(V1JobSpec spec)
    {
        spec.Template = PodTemplateRules.SetDefaults(spec.Template);
        foreach (var pattern in (spec.PodFailurePolicy?.Rules ?? []).SelectMany(r => r.OnPodConditions ?? []))
        {
            pattern.Status = string.IsNullOrEmpty(pattern.Status) ? "True" : pattern.Status;
        }
    }

    /// <summary>Texts for Warning headers.</summary>
    public static IEnumerable<string> Warnings(V1JobSpec spec, FieldPath path)
    {
        var texts = PodTemplateRules.Warnings(spec.Template, path.Child("template"));
        return spec is { CompletionMode: Indexed, Completions: > ManyCompletions, Parallelism: > MaxOfManyCompletions }
            ? texts.Prepend(
                $"{path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher " +
                "than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail")
            : texts;
    }

    /// <summary>True when a selector can be held against labels.</summary>
    public static bool IsUsable(V1LabelSelector selector)
    {
        var errors = new FieldErrors();
        LabelSelectorRules.Validate(selector, FieldPath.Of("selector"), errors);
        return errors.Count == 0;
    }

    /// <summary>Findings, selector excluded.</summary>
    public static void Validate(V1JobSpec spec, FieldPath path, FieldErrors errors)
    {
        WorkloadRules.NonNegative(spec.Parallelism, path, "parallelism", errors);
        WorkloadRules.NonNegative(spec.Completions, path, "completions", errors);
        WorkloadRules.NonNegative(spec.ActiveDeadlineSeconds, path, "activeDeadlineSeconds", errors);
        WorkloadRules.NonNegative(spec.BackoffLimit, path, "backoffLimit", errors);
        WorkloadRules.NonNegative(spec.TtlSecondsAfterFinished, path, "ttlSecondsAfterFinished", errors);
        WorkloadRules.NonNegative(spec.BackoffLimitPerIndex, path, "backoffLimitPerIndex", errors);
        WorkloadRules.NonNegative(spec.MaxFailedIndexes, path, "maxFailedIndexes", errors);
        if (spec is { MaxFailedIndexes: not null, BackoffLimitPerIndex: null })
        {
            errors.Required(path.Child("backoffLimitPerIndex"), "when maxFailedIndexes is specified");
        }

        if (spec.ManagedBy is { } manager)
        {
            NameRules.ValidateDomainPrefixedPath(path.Child("managedBy"), manager, errors);
            if (NameRules.ByteCount(manager) > ManagedByMaxLength)
            {
                errors.TooLong(path.Child("managedBy"), ManagedByMaxLength);
            }
        }

        CompletionMode(spec, path, errors);
        PodFailurePolicyRules.Validate(spec, path.Child("podFailurePolicy"), errors);
        if (spec.SuccessPolicy is { } policy && spec.CompletionMode != Indexed)
        {
            errors.Invalid(path.Child("successPolicy"), InternalForm.Shown(policy), "requires indexed completion mode");
        }
        else
        {
            SuccessPolicyRules.Validate(spec, path.Child("successPolicy"), errors);
        }

        PodReplacementPolicy(spec, path.Child("podReplacementPolicy"), errors);
        PodTemplateRules.Validate(spec.Template, path.Child("template"), errors);
        RestartPolicy(spec, path.Child("template").Child("spec", "restartPolicy"), errors);
    }

    private static void CompletionMode(V1JobSpec spec, FieldPath path, FieldErrors errors)
    {
        switch (spec.CompletionMode)
        {
            case Indexed:
                Indexes(spec, path, errors);
                break;
            case null or NonIndexed:
                OnlyIndexed(spec.BackoffLimitPerIndex, path.Child("backoffLimitPerIndex"), errors);
                OnlyIndexed(spec.MaxFailedIndexes, path.Child("maxFailedIndexes"), errors);
                break;
            default:
                errors.NotSupported(path.Child("completionMode"), spec.CompletionMode, [NonIndexed, Indexed]);
                break;
        }
    }

    private static void OnlyIndexed(int? value, FieldPath path, FieldErrors errors)
    {
        if (value is not null)
        {
            errors.Invalid(path, value, "requires indexed completion mode");
        }
    }

    private static void Indexes(V1JobSpec spec, FieldPath path, FieldErrors errors)
    {
        var parallelism = path.Child("parallelism");
        var failed = path.Child("maxFailedIndexes");
        if (spec.Completions is null)
        {
            errors.Required(path.Child("completions"), "when completion mode is Indexed");
        }

        if (spec.Parallelism > MaxParallelismOfIndexed)
        {
            errors.Invalid(
                parallelism,
                spec.Parallelism,
                $"must be less than or equal to {MaxParallelismOfIndexed} when completion mode is Indexed");
        }

        if (spec.MaxFailedIndexes > spec.Completions)
        {
            errors.Invalid(failed, spec.MaxFailedIndexes, "must be less than or equal to completions");
        }

        if (spec.MaxFailedIndexes > MaxFailedIndexes)
        {
            errors.Invalid(failed, spec.MaxFailedIndexes, $"must be less than or equal to {MaxFailedIndexes}");
        }

        if (spec.Completions is not > ManyCompletions || spec.BackoffLimitPerIndex is null)
        {
            return;
        }

        if (spec.MaxFailedIndexes is null)
        {
            errors.Required(failed, $"must be specified when completions is above {ManyCompletions}");
        }

        AtMostOfMany(spec.Parallelism, parallelism, errors);
        AtMostOfMany(spec.MaxFailedIndexes, failed, errors);
    }

    private static void AtMostOfMany(int? value, FieldPath path, FieldErrors errors)
    {
        if (value > MaxOfManyCompletions)
        {
            errors.Invalid(
                path,
                value,
                $"must be less than or equal to {MaxOfManyCompletions} when completions are above {ManyCompletions} " +
                "and used with backoff limit per index");
        }
    }

    /// <summary>Who decides by how pods failed must wait until they have.</summary>
    private static void PodReplacementPolicy(V1JobSpec spec, FieldPath path, FieldErrors errors)
    {
        var supported = spec.PodFailurePolicy is null ? ReplacementPolicies : ReplacementPolicies[..1];
        if (spec.PodReplacementPolicy is { } policy && !supported.Contains(policy, StringComparer.Ordinal))
        {
            errors.NotSupported(path, policy, supported);
        }
    }

    private static void RestartPolicy(V1JobSpec spec, FieldPath path, FieldErrors errors)
    {
        var policy = spec.Template.Spec.RestartPolicy;
        switch (policy)
        {
            case null or "" or "Always":
                errors.Required(path, "valid values: \"OnFailure\", \"Never\"");
                break;
            case not ("OnFailure" or "Never"):
                errors.NotSupported(path, policy, ["OnFailure", "Never"]);
                break;
            case "OnFailure" when spec.PodFailurePolicy is not null:
                errors.Invalid(path, policy, "only \"Never\" is supported when podFailurePolicy is specified");
                break;
        }
    }
}
