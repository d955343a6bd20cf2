using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Store;

/// <summary>How much one attempt at a write is worth.</summary>
public enum AttemptEnd
{
    /// <summary>This is the answer, whatever others do: it was committed, or it was refused for good.</summary>
    Final,

    /// <summary>This is the answer if the version that it was computed from is the current one.</summary>
    Computed,

    /// <summary>Others wrote the object meanwhile: again, from the version that they made.</summary>
    Lost,
}

/// <summary>The end of one attempt at a write.</summary>
public readonly record struct Attempt(Outcome<WriteResult> Outcome, AttemptEnd End)
{
    public static Attempt Computed(Outcome<WriteResult> outcome) => new(outcome, AttemptEnd.Computed);

    public static Attempt Final(Outcome<WriteResult> outcome) => new(outcome, AttemptEnd.Final);

    public static Attempt Lost(Status conflict) => new(conflict, AttemptEnd.Lost);
}

/// <summary>
/// The loop of all writes to objects that exist. The first attempt is computed from the version that is at hand, which
/// may be old: the commit's optimistic lock finds that out, and what was only computed is told to a client after a
/// verified read. All further attempts are computed from verified reads.
/// </summary>
internal static class OptimisticLoop
{
    /// <summary>Attempts when others keep changing the object and the client holds no lock on it.</summary>
    public const int MaxAttempts = 10;

    /// <summary>Tries until an attempt's end counts.</summary>
    /// <param name="store">Where the object is.</param>
    /// <param name="context">The write; warnings of attempts that do not count are taken back.</param>
    /// <param name="attempt">One attempt from a version (null when there is none) that was read in this way.</param>
    public static async ValueTask<Outcome<WriteResult>> RunAsync(
        ObjectStore store, WriteContext context, Func<ResourceObject?, ReadMode, ValueTask<Attempt>> attempt)
    {
        var mode = ReadMode.Optimistic;
        for (var attempts = 1; ; attempts++)
        {
            var current = await store.GetAsync(context, context.Key, mode);
            if (current?.Refusal is { } unreadable)
            {
                return unreadable;
            }

            var warnings = context.Warnings.Count;
            var (outcome, end) = await attempt(current, mode);
            if (attempts == MaxAttempts || end == AttemptEnd.Final)
            {
                return outcome;
            }

            if (end == AttemptEnd.Computed
                && (mode == ReadMode.Verified || await store.IsNewestAsync(context, current)))
            {
                return outcome;
            }

            context.Warnings.RemoveRange(warnings, context.Warnings.Count - warnings);
            mode = ReadMode.Verified;
        }
    }
}
