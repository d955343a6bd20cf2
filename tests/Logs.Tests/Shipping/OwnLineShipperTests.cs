using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.Logs.Shipping;
using Xunit;

namespace OrleansOrchestrator.Logs.Tests.Shipping;

/// <summary>
/// What a part of the cluster logs is in the store once, whatever the store answers meanwhile; and shipping it brings
/// no lines of its own.
/// </summary>
public sealed class OwnLineShipperTests
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    private readonly OwnLines _lines = new(TimeProvider.System);
    private readonly Sink _sink = new();

    [Fact]
    public async Task Lines_are_kept_once_whatever_becomes_of_answers()
    {
        _sink.Script = new Queue<Fate>([Fate.Unreachable, Fate.KeptWithoutAnswer, Fate.Kept, Fate.Moved, Fate.Kept]);
        using var shipper = Shipper();
        await shipper.StartAsync(Token);
        foreach (var text in new[] { "one", "two", "three" })
        {
            _lines.Offer(text);
            await _sink.UntilAsync(text);
        }

        _lines.Offer("last");
        await shipper.StopAsync(Token);
        Assert.Equal(["one", "two", "three", "last"], _sink.Kept);
        Assert.Equal(0, _lines.Dropped);
    }

    [Fact]
    public async Task Shipping_brings_no_lines_of_its_own()
    {
        using var provider = new OwnLoggerProvider(_lines);
        _sink.Logger = provider.CreateLogger("Sink");
        using var shipper = Shipper(provider.CreateLogger("Shipper"));
        _sink.Script = new Queue<Fate>([Fate.Unreachable, Fate.Kept]);
        await shipper.StartAsync(Token);
        _lines.Offer("one");
        await _sink.UntilAsync("one");
        await shipper.StopAsync(Token);
        Assert.Equal(["one"], _sink.Kept);
    }

    [Fact]
    public async Task What_finds_no_room_or_is_refused_is_counted()
    {
        for (var i = 0; i < OwnLines.MaxWaiting + 10; i++)
        {
            _lines.Offer("x");
        }

        Assert.Equal(10, _lines.Dropped);
        _sink.Script = new Queue<Fate>(Enumerable.Repeat(Fate.Refused, OwnLines.MaxWaiting));
        using var shipper = Shipper();
        await shipper.StartAsync(Token);
        await shipper.StopAsync(Token);
        Assert.Equal(OwnLines.MaxWaiting + 10, _lines.Dropped);
        Assert.Empty(_sink.Kept);
    }

    [Fact]
    public async Task A_part_that_ends_does_not_wait_for_a_store_that_is_away()
    {
        _sink.Script = new Queue<Fate>(Enumerable.Repeat(Fate.Unreachable, 1000));
        using var shipper = new OwnLineShipper(
            _lines, _sink, OwnStreams.OfSilo("s"), TimeProvider.System, NullLogger<OwnLineShipper>.Instance);
        await shipper.StartAsync(Token);
        _lines.Offer("one");
        await shipper.StopAsync(Token);
        Assert.Equal(1, _lines.Dropped);
    }

    [Fact]
    public async Task An_entry_says_how_bad_it_is_and_what_was_thrown()
    {
        using var provider = new OwnLoggerProvider(_lines);
        var logger = provider.CreateLogger("Part");
        logger.Log(LogLevel.Debug, "not this");
        logger.Log(LogLevel.Critical, new EventId(7), new InvalidOperationException("odd"), "it {What}", "ends");
        using var shipper = Shipper();
        await shipper.StartAsync(Token);
        await shipper.StopAsync(Token);
        var line = Assert.Single(_sink.Kept);
        Assert.Equal("fatal: Part[7] it ends\nSystem.InvalidOperationException: odd", line);
        Assert.Equal(Severity.Fatal, SeverityDetector.Detect(Encoding.UTF8.GetBytes(line)));
    }

    private OwnLineShipper Shipper(ILogger? logger = null) => new(
        _lines, _sink, OwnStreams.OfSilo("s"), new HastyTime(),
        logger is null ? NullLogger<OwnLineShipper>.Instance : new Typed(logger));

    private enum Fate
    {
        Kept,
        KeptWithoutAnswer,
        Unreachable,
        Moved,
        Refused,
    }

    /// <summary>No timer waits.</summary>
    private sealed class HastyTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, TimeSpan.Zero, period);
    }

    private sealed class Typed(ILogger inner) : ILogger<OwnLineShipper>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => inner.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => inner.Log(logLevel, eventId, state, exception, formatter);
    }

    private sealed class Sink : ILogSink
    {
        private readonly Lock _lock = new();
        private readonly List<string> _kept = [];
        private TaskCompletionSource _change = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>What becomes of the next batches; those after them are kept.</summary>
        public Queue<Fate> Script { get; set; } = new();

        public ILogger Logger { get; set; } = NullLogger.Instance;

        public IReadOnlyList<string> Kept
        {
            get
            {
                lock (_lock)
                {
                    return [.. _kept];
                }
            }
        }

        public async Task UntilAsync(string text)
        {
            while (true)
            {
                Task change;
                lock (_lock)
                {
                    if (_kept.Contains(text))
                    {
                        return;
                    }

                    change = _change.Task;
                }

                await change.WaitAsync(Token);
            }
        }

        public Task<IReadOnlyList<LogStreamAnswer>> OpenAsync(
            IReadOnlyCollection<StreamName> streams, CancellationToken cancellationToken)
        {
            Logger.Log(LogLevel.Warning, "opened");
            return Task.FromResult<IReadOnlyList<LogStreamAnswer>>([new LogStreamAnswer(1, Sequence: Kept.Count)]);
        }

        public Task<SendResult> SendAsync(byte[] batch, CancellationToken cancellationToken)
        {
            Logger.Log(LogLevel.Warning, "sent");
            var fate = Script.Count > 0 ? Script.Dequeue() : Fate.Kept;
            if (fate is Fate.Kept or Fate.KeptWithoutAnswer)
            {
                Keep(LogBatch.Decode(batch));
            }

            return fate switch
            {
                Fate.Unreachable or Fate.KeptWithoutAnswer => throw new HttpRequestException("away"),
                Fate.Moved => Task.FromResult(SendResult.Moved),
                Fate.Refused => Task.FromResult(SendResult.Refused),
                _ => Task.FromResult(SendResult.Kept),
            };
        }

        private void Keep(LogBatch batch)
        {
            lock (_lock)
            {
                Assert.Equal(_kept.Count, Assert.Single(batch.Runs).Sequence);
                _kept.AddRange(Enumerable.Range(0, batch.Lines.Count)
                    .Select(i => Encoding.UTF8.GetString(batch.Lines.Text(i))));
                _change.SetResult();
                _change = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}
