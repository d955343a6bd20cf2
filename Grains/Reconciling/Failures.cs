using Microsoft.Extensions.Logging;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>
/// What went wrong in one pass over many objects: a refusal of one of them, by a policy or a webhook, keeps none of the
/// others waiting. The pass goes on, and fails at its end. When the API is not there, it ends at once. Thread-safe.
/// </summary>
internal sealed partial class Failures
{
    private ReconcileException? _first;
    private int _count;

    /// <summary>One pass of a controller that makes the next one anyway: a failure is said, and no more.</summary>
    public static Task TellAsync(
        Func<CancellationToken, Task> pass, ILogger logger, string controller, CancellationToken cancellationToken) =>
        TellAsync(pass, logger, controller, mayBeAway: true, cancellationToken);

    /// <summary>
    /// The same of a controller that follows changes, and begins anew once the API is there again: what is refused is
    /// said, and looked at again at the next resync.
    /// </summary>
    public static Task TellRefusalsAsync(
        Func<CancellationToken, Task> pass, ILogger logger, string controller, CancellationToken cancellationToken) =>
        TellAsync(pass, logger, controller, mayBeAway: false, cancellationToken);

    /// <summary>Says what failed in a <see cref="RetryQueue{TKey}"/>; not that others were faster.</summary>
    public static Action<TKey, Exception> Teller<TKey>(ILogger logger, string controller) =>
        (key, error) =>
        {
            if (error is not StaleReadException)
            {
                LogKeyFailed(logger, controller, $"{key}", error.Message);
            }
        };

    /// <summary>One step of the pass.</summary>
    public async Task TryAsync(Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (ReconcileException failure) when (!failure.IsOutage)
        {
            Interlocked.CompareExchange(ref _first, failure, null);
            Interlocked.Increment(ref _count);
        }
    }

    /// <summary>The end of the pass.</summary>
    public void ThrowIfAny()
    {
        if (_first is { } first)
        {
            throw _count == 1 ? first : new ReconcileException($"{first.Message} (and {_count - 1} more failures)");
        }
    }

    private static async Task TellAsync(
        Func<CancellationToken, Task> pass, ILogger logger, string controller, bool mayBeAway,
        CancellationToken cancellationToken)
    {
        try
        {
            await pass(cancellationToken);
        }
        catch (ReconcileException failure) when (mayBeAway || !failure.IsOutage)
        {
            LogPassFailed(logger, controller, failure.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Controller} tries again what it could not do: {Problem}")]
    private static partial void LogPassFailed(ILogger logger, string controller, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Controller} tries {Key} again: {Problem}")]
    private static partial void LogKeyFailed(ILogger logger, string controller, string key, string problem);
}
