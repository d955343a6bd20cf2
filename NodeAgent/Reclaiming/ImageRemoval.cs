using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.NodeAgent.Reclaiming;

/// <summary>What came of removing images.</summary>
/// <param name="FreedBytes">Of those that are gone.</param>
/// <param name="Problem">Why others are not; null when all are gone that were to go.</param>
public sealed record ImageRemoval(long FreedBytes, string? Problem)
{
    /// <summary>
    /// Removes what a plan says. One that cannot be removed keeps no other: the plan is asked again without it, so that
    /// the next ones go for it.
    /// </summary>
    /// <param name="images">All there are.</param>
    /// <param name="plan">Which of some are to go, in order.</param>
    /// <param name="remove">Removes one; why that cannot be, or null.</param>
    public static async Task<ImageRemoval> RunAsync(
        IReadOnlyList<CollectableImage> images,
        Func<IReadOnlyList<CollectableImage>, IReadOnlyList<CollectableImage>> plan,
        Func<CollectableImage, Task<string?>> remove)
    {
        var (freed, done, problems) = (0L, new HashSet<string>(), new Dictionary<string, string>());
        while (plan([.. images.Where(i => !problems.ContainsKey(i.Id))]).FirstOrDefault(i => !done.Contains(i.Id)) is
            { } next)
        {
            if (await remove(next) is { } problem)
            {
                problems[next.Id] = problem;
            }
            else
            {
                done.Add(next.Id);
                freed += next.SizeBytes;
            }
        }

        return new ImageRemoval(freed, GoErrors.Join(problems.Values));
    }
}
