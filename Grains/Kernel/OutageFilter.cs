using Microsoft.Extensions.Logging;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// Passes on what <see cref="StoreOutage"/> does not explain. While PostgreSQL does not answer, every call that needs
/// it fails, and Orleans, the caches and the API log each failure with its stack. The outage has been said by then:
/// entries whose exception says nothing else are left out, whichever category they are of. All other entries pass, so
/// no error of another cause is hidden.
/// </summary>
public sealed class OutageFilter(ILoggerProvider inner, StoreOutage outage) : ILoggerProvider
{
    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Filtered(inner.CreateLogger(categoryName), outage);

    public void Dispose() => inner.Dispose();

    private sealed class Filtered(ILogger inner, StoreOutage outage) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => inner.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (!outage.Explains(exception))
            {
                inner.Log(logLevel, eventId, state, exception, formatter);
            }
        }
    }
}
