using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Reconciling;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

public sealed class ControllerGrainTests
{
    private const string Name = "cut-off";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>
    /// What a silo that is gone leaves behind would begin again and again for as long as the process lives.
    /// </summary>
    [Fact]
    public async Task Whose_silo_is_gone_rests_until_it_is_pinged()
    {
        var (controller, log) = (new CutOff(), new Said());
        await using var silos = await TestSilos.StartAsync(silo =>
        {
            silo.Services.AddSingleton(new ControllerRegistration(Name, _ => controller));
            silo.Services.AddLogging(logging => logging.AddProvider(log));
        });
        var grain = silos.Grains.GetGrain<IControllerGrain>(Name);
        await Patiently.UntilAsync(Patience, async _ =>
        {
            await grain.EnsureRunningAsync();
            return controller.RunsAgain.IsCompleted;
        });

        Assert.Equal(2, log.Of<ControllerGrain>().Count(static l => l == LogLevel.Information));
        Assert.DoesNotContain(LogLevel.Warning, log.Of<ControllerGrain>());
    }

    /// <summary>What it reads from is gone at first.</summary>
    private sealed class CutOff : IController
    {
        private readonly TaskCompletionSource _again = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _runs;

        public Task RunsAgain => _again.Task;

        public async Task RunAsync(CancellationToken cancellationToken)
        {
            if (Interlocked.Increment(ref _runs) == 1)
            {
                throw new OperationCanceledException();
            }

            _again.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        }

        public Task ResyncAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class Said : ILoggerProvider
    {
        private readonly ConcurrentDictionary<string, Logger> _all = new(StringComparer.Ordinal);

        public IEnumerable<LogLevel> Of<T>() =>
            _all.TryGetValue(typeof(T).FullName!, out var logger) ? logger.Levels : [];

        public ILogger CreateLogger(string categoryName) => _all.GetOrAdd(categoryName, static _ => new Logger());

        public void Dispose()
        {
        }

        private sealed class Logger : ILogger
        {
            public ConcurrentQueue<LogLevel> Levels { get; } = [];

            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(
                LogLevel logLevel, EventId eventId, TState state, Exception? exception,
                Func<TState, Exception?, string> formatter) => Levels.Enqueue(logLevel);
        }
    }
}
