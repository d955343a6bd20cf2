using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Batch.Jobs;

/// <summary>Findings on what makes a Job with indexes a success.</summary>
internal static class SuccessPolicyRules
{
    private const int MaxRules = 20;
    private const int IndexesMaxLength = 64 * 1024;

    public static void Validate(V1JobSpec spec, FieldPath path, FieldErrors errors)
    {
        if (spec.SuccessPolicy is not { } policy)
        {
            return;
        }

        var rules = path.Child("rules");
        var count = policy.Rules?.Count ?? 0;
        if (count == 0)
        {
            errors.Required(rules, "at least one rules must be specified when the successPolicy is specified");
        }

        if (count > MaxRules)
        {
            errors.TooMany(rules, count, MaxRules);
        }

        for (var i = 0; i < count; i++)
        {
            Rule(policy.Rules![i], spec.Completions ?? 0, rules.Index(i), errors);
        }
    }

    private static void Rule(V1SuccessPolicyRule rule, int completions, FieldPath path, FieldErrors errors)
    {
        if (rule is { SucceededCount: null, SucceededIndexes: null })
        {
            errors.Required(path, "at least one of succeededCount or succeededIndexes must be specified");
        }

        var total = 0;
        if (rule.SucceededIndexes is { } indexes)
        {
            if (NameRules.ByteCount(indexes) > IndexesMaxLength)
            {
                errors.TooLong(path.Child("succeededIndexes"), IndexesMaxLength);
            }

            if (JobIndexes.Read(indexes, completions, out total) is { } problem)
            {
                errors.Invalid(path.Child("succeededIndexes"), indexes, $"error parsing succeededIndexes: {problem}");
            }
        }

        if (rule.SucceededCount is not { } count)
        {
            return;
        }

        var countPath = path.Child("succeededCount");
        if (count < 0)
        {
            errors.Invalid(countPath, count, "must be greater than or equal to 0");
        }

        if (count > completions)
        {
            errors.Invalid(
                countPath, count, $"must be less than or equal to {completions} (the number of specified completions)");
        }

        if (rule.SucceededIndexes is not null && count > total)
        {
            errors.Invalid(
                countPath,
                count,
                $"must be less than or equal to {total} (the number of indexes in the specified succeededIndexes " +
                "field)");
        }
    }
}
