using Microsoft.Extensions.Logging;
using Npgsql;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

/// <summary>An outage of PostgreSQL is two lines of the log: one when it begins, one when it is over.</summary>
public sealed class StoreOutageTests
{
    private const int Attempts = 5;
    private readonly StoreOutage _outage = new();
    private readonly Lines _lines = new();

    [Fact]
    public async Task An_outage_is_said_once_and_its_end_once()
    {
        var (server, connectionString) = await PostgresFixture.StartOwnAsync();
        await using var own = server;
        using var filter = new OutageFilter(_lines, _outage);
        using var factory = LoggerFactory.Create(logging => logging.AddProvider(filter));
        var reporter = new StoreOutageReporter(_outage, TimeProvider.System, factory.CreateLogger<StoreOutage>());
        await using var store = new PostgresJournalStore(PostgresDataSources.ForJournals(connectionString), reporter);
        var others = factory.CreateLogger("Orleans.Messaging");
        await store.OpenAsync(TestObjects.Pods, default);
        Assert.Empty(_lines.Seen);

        await server.KillAsync();
        for (var i = 0; i < Attempts; i++)
        {
            var error = await Assert.ThrowsAsync<StoreUnavailableException>(
                () => store.OpenAsync(TestObjects.Pods, default));
            others.Log(LogLevel.Error, error, "Failed to address message");
        }

        Assert.StartsWith("PostgreSQL does not answer: ", Assert.Single(_lines.Seen), StringComparison.Ordinal);
        await server.StartAgainAsync();
        await OpenAgainAsync(store);
        Assert.StartsWith("PostgreSQL answers again", Assert.Single(_lines.Seen[1..]), StringComparison.Ordinal);

        others.Log(LogLevel.Error, new StoreUnavailableException("too many writes"), "Failed to address message");
        Assert.Equal("Failed to address message", _lines.Seen[^1]);
    }

    [Fact]
    public void Only_what_says_no_more_is_left_out()
    {
        var gone = new StoreUnavailableException("PostgreSQL cannot be reached");
        Assert.False(_outage.Explains(gone));
        _outage.IsOn = true;
        Assert.True(_outage.Explains(gone));
        Assert.True(_outage.Explains(new InvalidOperationException("a call failed", gone)));
        Assert.True(_outage.Explains(new NpgsqlException("connection refused")));
        Assert.True(_outage.Explains(Answer("FATAL", PostgresErrorCodes.CannotConnectNow)));
        Assert.False(_outage.Explains(null));
        Assert.False(_outage.Explains(new InvalidOperationException("a bug")));
        Assert.False(_outage.Explains(new UnknownOutcomeException("nobody knows")));
        Assert.False(_outage.Explains(new StoreUnavailableException("no room") { IsDiskFull = true }));
        Assert.False(_outage.Explains(Answer("ERROR", PostgresErrorCodes.UndefinedTable)));
    }

    [Fact]
    public void A_statement_that_failed_is_no_outage()
    {
        using var factory = LoggerFactory.Create(logging => logging.AddProvider(_lines));
        var reporter = new StoreOutageReporter(_outage, TimeProvider.System, factory.CreateLogger<StoreOutage>());
        reporter.Failed(Answer("ERROR", PostgresErrorCodes.DiskFull));
        reporter.Failed(new OperationCanceledException());
        Assert.False(_outage.IsOn);
        Assert.Empty(_lines.Seen);
    }

    private static PostgresException Answer(string severity, string state) => new("a text", severity, severity, state);

    private static async Task OpenAgainAsync(PostgresJournalStore store)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await store.OpenAsync(TestObjects.Pods, default);
                return;
            }
            catch (StoreUnavailableException) when (attempt < Attempts)
            {
                // A connection of the pool may still be one to the server that died.
            }
        }
    }

    private sealed class Lines : ILoggerProvider, ILogger
    {
        private readonly Lock _lock = new();
        private readonly List<string> _seen = [];

        public string[] Seen
        {
            get
            {
                lock (_lock)
                {
                    return [.. _seen];
                }
            }
        }

        public ILogger CreateLogger(string categoryName) => this;

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            lock (_lock)
            {
                _seen.Add(formatter(state, exception));
            }
        }
    }
}
