using OrleansOrchestrator.Grains.Scheduling.Extenders;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// Finds the best node for a pod where extenders have a say: they reject among the nodes that plugins let through, and
/// add their scores to those of plugins.
/// </summary>
internal static class ExtendedSearch
{
    /// <summary>The node; or null and why, which may be that an extender failed.</summary>
    public static async Task<(NodeInfo? Node, Diagnosis? Diagnosis)> PickAsync(
        NodePicker picker, ExtenderSet extenders, PodInfo pod, NodeInfo? nominated, CancellationToken cancellationToken)
    {
        NodeInfo[] found = [.. picker.Find(pod, nominated, out var diagnosis)];
        if (nominated is not null && found is [var only] && ReferenceEquals(only, nominated))
        {
            if ((await extenders.FilterAsync(pod, found, cancellationToken)).Left.Length > 0)
            {
                return (nominated, null);
            }

            found = [.. picker.Find(pod, null, out diagnosis)];
        }

        if (diagnosis is not null)
        {
            return (null, diagnosis);
        }

        var (left, rejected, error) = await extenders.FilterAsync(pod, found, cancellationToken);
        if (left.Length == 0)
        {
            return (null, error is null ? picker.Diagnose(rejected) : new Diagnosis(found.Length) { Error = error });
        }

        var scores = left.Length == 1 ? null : await extenders.ScoreAsync(pod, left, cancellationToken);
        return (picker.Best(left, scores), null);
    }
}
