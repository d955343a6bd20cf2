using k8s.Models;

namespace OrleansOrchestrator.Grains.Batch.Jobs;

/// <summary>Whether an indexed Job has succeeded although not all of its indexes have.</summary>
public static class SuccessPolicy
{
    /// <summary>Says which rule is met; null when none is.</summary>
    public static string? Match(V1SuccessPolicy? policy, int completions, IndexSet succeeded)
    {
        if (policy is null || succeeded.Count == 0)
        {
            return null;
        }

        var rule = policy.Rules.ToList().FindIndex(r => IsMet(r, completions, succeeded));
        return rule < 0 ? null : $"Matched rules at index {rule}";
    }

    private static bool IsMet(V1SuccessPolicyRule rule, int completions, IndexSet succeeded)
    {
        if (rule.SucceededIndexes is null)
        {
            return succeeded.Count >= rule.SucceededCount;
        }

        var wanted = IndexSet.Parse(rule.SucceededIndexes, completions);
        var count = wanted.CountShared(succeeded);
        return wanted.Count > 0 && (count == wanted.Count || count >= rule.SucceededCount);
    }
}
