using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

public sealed class WakeSignalTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ManualTime _time = new();
    private readonly WakeSignal _signal = new();
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Several_signals_before_a_look_are_one()
    {
        _signal.Set();
        _signal.Set();

        await _signal.WaitAsync(_cancellation);
        Assert.False(_signal.WaitAsync(_cancellation).AsTask().IsCompleted);
    }

    [Fact]
    public async Task A_signal_that_came_before_is_taken_at_once_and_once()
    {
        _signal.Set();

        Assert.True(_signal.WaitAsync(Second, _time, _cancellation).AsTask().IsCompletedSuccessfully);
        var waiting = _signal.WaitAsync(Second, _time, _cancellation).AsTask();
        Assert.False(waiting.IsCompleted);
        _time.Advance(Second);
        await waiting;
    }

    [Fact]
    public async Task A_signal_ends_a_wait_that_has_a_limit()
    {
        var waiting = _signal.WaitAsync(Second, _time, _cancellation).AsTask();
        Assert.False(waiting.IsCompleted);

        _signal.Set();
        await waiting;
        Assert.False(_signal.WaitAsync(_cancellation).AsTask().IsCompleted);
    }

    [Fact]
    public async Task A_wait_that_ran_out_takes_no_later_signal()
    {
        var waiting = _signal.WaitAsync(Second, _time, _cancellation).AsTask();
        _time.Advance(Second);
        await waiting;

        _signal.Set();
        Assert.True(_signal.WaitAsync(_cancellation).AsTask().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_wait_without_a_limit_lasts_until_the_signal()
    {
        var waiting = _signal.WaitAsync(null, _time, _cancellation).AsTask();
        _time.Advance(TimeSpan.FromDays(1));
        Assert.False(waiting.IsCompleted);

        _signal.Set();
        await waiting;
    }

    [Fact]
    public async Task Who_ends_a_wait_gets_an_exception()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_cancellation);
        var waiting = _signal.WaitAsync(Second, _time, stop.Token).AsTask();
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }
}
