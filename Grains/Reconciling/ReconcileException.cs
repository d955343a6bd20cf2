using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>A step of a reconciliation failed; it is tried again after a back-off.</summary>
public class ReconcileException(string message) : Exception(message)
{
    /// <summary>The API is not there: other steps will fare no better.</summary>
    public bool IsOutage { get; private init; }

    /// <summary>The exception for a refusal: a lost race is a <see cref="StaleReadException"/>.</summary>
    public static ReconcileException Of(string what, Status refusal) => refusal.Reason == StatusReasons.Conflict
        ? new StaleReadException($"{what}: {refusal.Message}")
        : new ReconcileException($"{what}: {refusal.Message}")
        {
            IsOutage = refusal.Reason is StatusReasons.ServiceUnavailable or StatusReasons.Timeout
                or StatusReasons.ServerTimeout or StatusReasons.TooManyRequests,
        };
}

/// <summary>
/// Somebody else wrote between our read and our write. Everyday life, not a failure: the step is repeated soon, and
/// nobody logs it.
/// </summary>
public sealed class StaleReadException(string message) : ReconcileException(message);
