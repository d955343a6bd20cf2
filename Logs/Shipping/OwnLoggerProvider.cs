using System.Text;
using Microsoft.Extensions.Logging;

namespace OrleansOrchestrator.Logs.Shipping;

/// <summary>
/// Gives <see cref="OwnLines"/> what is logged, as the console has it: <c>warn: Category[3] message</c>, and what is
/// known of an exception on the lines after it.
/// </summary>
public sealed class OwnLoggerProvider(OwnLines lines) : ILoggerProvider
{
    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new OwnLogger(lines, categoryName);

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing is held.
    }

    private sealed class OwnLogger(OwnLines lines, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Information and < LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }

            var text = new StringBuilder(Name(logLevel)).Append(": ").Append(category)
                .Append('[').Append(eventId.Id).Append("] ").Append(formatter(state, exception));
            if (exception is not null)
            {
                text.Append('\n').Append(exception);
            }

            lines.Offer(text.ToString());
        }

        private static string Name(LogLevel level) => level switch
        {
            LogLevel.Critical => "fatal",
            LogLevel.Error => "error",
            LogLevel.Warning => "warn",
            _ => "info",
        };
    }
}
