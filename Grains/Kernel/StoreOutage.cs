using Microsoft.Extensions.Logging;
using Npgsql;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// Whether PostgreSQL is known not to answer this silo. Beginning and end are said once each, by <see
/// cref="StoreOutageReporter"/>; in between, every call that fails for it is logged by whoever made it, hundreds in a
/// minute, and the silo's log leaves those entries out (<see cref="Explains"/>).
/// </summary>
public sealed class StoreOutage
{
    private volatile bool _isOn;

    public bool IsOn
    {
        get => _isOn;
        internal set => _isOn = value;
    }

    /// <summary>
    /// True when an exception says no more than what has been said already: PostgreSQL does not answer. An outcome that
    /// is unknown (<see cref="UnknownOutcomeException"/>) says more, and what the server itself refused too.
    /// </summary>
    public bool Explains(Exception? error)
    {
        if (!_isOn)
        {
            return false;
        }

        for (; error is not null; error = error.InnerException)
        {
            if (error is StoreUnavailableException { IsDiskFull: false, IsOverload: false } || IsNoAnswer(error))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// True for lost and refused connections, time-outs, and a server that starts or stops: it ends a session with
    /// FATAL or PANIC. A statement that failed is an answer.
    /// </summary>
    internal static bool IsNoAnswer(Exception error) =>
        error is PostgresException answer ? answer.InvariantSeverity is "FATAL" or "PANIC" : error is NpgsqlException;
}

/// <summary>Says when an outage begins and when it is over, as the callers of PostgreSQL tell it.</summary>
internal sealed partial class StoreOutageReporter(
    StoreOutage outage, TimeProvider time, ILogger<StoreOutage> logger)
{
    private readonly Lock _lock = new();
    private long _began;

    /// <summary>A call failed; may be the server's answer too.</summary>
    public void Failed(Exception error)
    {
        if (outage.IsOn || !StoreOutage.IsNoAnswer(error))
        {
            return;
        }

        lock (_lock)
        {
            if (outage.IsOn)
            {
                return;
            }

            // Said before it is on: this line must not be left out.
            LogBegan((error.InnerException ?? error).Message.TrimEnd('.'));
            _began = time.GetTimestamp();
            outage.IsOn = true;
        }
    }

    /// <summary>A call succeeded. On the path of every write: costs one read of memory.</summary>
    public void Answered()
    {
        if (!outage.IsOn)
        {
            return;
        }

        lock (_lock)
        {
            if (outage.IsOn)
            {
                outage.IsOn = false;
                LogEnded(time.GetElapsedTime(_began).TotalSeconds);
            }
        }
    }

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "PostgreSQL does not answer: {Reason}; writes wait. What fails for that reason alone is not logged meanwhile.")]
    private partial void LogBegan(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "PostgreSQL answers again, after {Seconds:F1} s.")]
    private partial void LogEnded(double seconds);
}
