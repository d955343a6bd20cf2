using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>What a step of a reconciliation makes of the API's answers.</summary>
public static class ReconcileOutcomes
{
    /// <summary>Throws a <see cref="ReconcileException"/> for a refusal.</summary>
    /// <param name="outcome">The answer.</param>
    /// <param name="what">What the step was about, for the message.</param>
    /// <param name="fine">Reasons after which there is nothing left to do: the next look decides anew.</param>
    public static void ThrowIfRefused<T>(this Outcome<T> outcome, string what, params ReadOnlySpan<string> fine)
    {
        if (!outcome.Succeeded && !fine.Contains(outcome.Error.Reason))
        {
            throw ReconcileException.Of(what, outcome.Error);
        }
    }

    /// <summary>The value of a step that has to succeed. Throws as <see cref="ThrowIfRefused"/>.</summary>
    public static T OrThrow<T>(this Outcome<T> outcome, string what)
        where T : class
    {
        outcome.ThrowIfRefused(what);
        return outcome.Value!;
    }

    /// <summary>The object that was read; null when there is none. Throws as <see cref="ThrowIfRefused"/>.</summary>
    public static T? OrNull<T>(this Outcome<T> read, string what)
        where T : class
    {
        read.ThrowIfRefused(what, StatusReasons.NotFound);
        return read.Value;
    }
}
