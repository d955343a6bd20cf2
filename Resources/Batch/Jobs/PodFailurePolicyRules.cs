using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Batch.Jobs;

/// <summary>Findings on what a Job makes of pods that fail.</summary>
internal static class PodFailurePolicyRules
{
    private const int MaxRules = 20;
    private const int MaxExitCodes = 255;
    private const int MaxPatterns = 20;

    private static readonly string[] Actions = ["Count", "FailIndex", "FailJob", "Ignore"];
    private static readonly string[] Operators = ["In", "NotIn"];
    private static readonly string[] Statuses = ["False", "True", "Unknown"];

    public static void Validate(V1JobSpec spec, FieldPath path, FieldErrors errors)
    {
        if (spec.PodFailurePolicy is not { } policy)
        {
            return;
        }

        var rules = path.Child("rules");
        if (policy.Rules?.Count > MaxRules)
        {
            errors.TooMany(rules, policy.Rules.Count, MaxRules);
        }

        var names = (spec.Template.Spec.Containers ?? []).Concat(spec.Template.Spec.InitContainers ?? [])
            .Select(c => c.Name ?? "").ToHashSet(StringComparer.Ordinal);
        for (var i = 0; i < (policy.Rules?.Count ?? 0); i++)
        {
            Rule(spec, policy.Rules![i], rules.Index(i), names, errors);
        }
    }

    private static void Rule(
        V1JobSpec spec, V1PodFailurePolicyRule rule, FieldPath path, HashSet<string> names, FieldErrors errors)
    {
        if (rule.Action != "FailIndex")
        {
            OneOf(rule.Action, Actions, path.Child("action"), errors);
        }
        else if (spec.BackoffLimitPerIndex is null)
        {
            errors.Invalid(path.Child("action"), rule.Action, "requires the backoffLimitPerIndex to be set");
        }

        var hasConditions = rule.OnPodConditions is { Count: > 0 };
        if (rule.OnExitCodes is { } codes)
        {
            ExitCodes(codes, path.Child("onExitCodes"), names, errors);
        }

        if (hasConditions)
        {
            Conditions(rule.OnPodConditions, path.Child("onPodConditions"), errors);
        }

        if (rule.OnExitCodes is not null && hasConditions)
        {
            errors.Invalid(path, "specifying both OnExitCodes and OnPodConditions is not supported");
        }

        if (rule.OnExitCodes is null && !hasConditions)
        {
            errors.Invalid(path, "specifying one of OnExitCodes and OnPodConditions is required");
        }
    }

    private static void ExitCodes(
        V1PodFailurePolicyOnExitCodesRequirement codes, FieldPath path, HashSet<string> names, FieldErrors errors)
    {
        OneOf(codes.OperatorProperty, Operators, path.Child("operator"), errors);
        if (codes.ContainerName is { } name && !names.Contains(name))
        {
            errors.Invalid(
                path.Child("containerName"),
                name,
                "must be one of the container or initContainer names in the pod template");
        }

        var values = codes.Values ?? [];
        var valuesPath = path.Child("values");
        if (values.Count == 0)
        {
            errors.Invalid(valuesPath, codes.Values, "at least one value is required");
        }
        else if (values.Count > MaxExitCodes)
        {
            errors.TooMany(valuesPath, values.Count, MaxExitCodes);
        }

        var seen = new HashSet<int>();
        for (var i = 0; i < values.Count; i++)
        {
            if (codes.OperatorProperty == "In" && values[i] == 0)
            {
                errors.Invalid(valuesPath.Index(i), values[i], "must not be 0 for the In operator");
            }

            if (!seen.Add(values[i]))
            {
                errors.Duplicate(valuesPath.Index(i), values[i]);
            }
        }

        if (values.Zip(values.Skip(1)).Any(p => p.First > p.Second))
        {
            errors.Invalid(valuesPath, values, "must be ordered");
        }
    }

    private static void Conditions(
        IList<V1PodFailurePolicyOnPodConditionsPattern> patterns, FieldPath path, FieldErrors errors)
    {
        if (patterns.Count > MaxPatterns)
        {
            errors.TooMany(path, patterns.Count, MaxPatterns);
        }

        for (var i = 0; i < patterns.Count; i++)
        {
            var type = patterns[i].Type ?? "";
            errors.InvalidEach(path.Index(i).Child("type"), type, NameRules.QualifiedName(type));
            OneOf(patterns[i].Status, Statuses, path.Index(i).Child("status"), errors);
        }
    }

    private static void OneOf(string? value, string[] supported, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(value))
        {
            errors.Required(path, $"valid values: [{string.Join(' ', supported.Select(GoText.Quote))}]");
        }
        else if (!supported.Contains(value, StringComparer.Ordinal))
        {
            errors.NotSupported(path, value, supported);
        }
    }
}
