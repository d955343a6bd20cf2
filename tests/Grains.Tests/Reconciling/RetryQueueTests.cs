using System.Threading.Channels;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

public sealed class RetryQueueTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ManualTime _time = new();
    private readonly RetryQueue<string> _queue;
    private readonly Channel<string> _worked = Channel.CreateUnbounded<string>();

    public RetryQueueTests() =>
        _queue = new RetryQueue<string>(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(300), _time);

    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 10)]
    [InlineData(6, 160)]
    [InlineData(7, 300)]
    [InlineData(1000, 300)]
    public void What_fails_waits_twice_as_long_each_time(int failures, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), _queue.BackOff(failures));

    [Fact]
    public async Task What_failed_comes_again_after_its_back_off()
    {
        using var stop = new CancellationTokenSource();
        var running = _queue.RunAsync(1, (key, _) =>
        {
            _worked.Writer.TryWrite(key);
            throw new IOException("no");
        }, (_, _) => { }, stop.Token);
        _queue.Add("a");
        Assert.Equal("a", await NextAsync());
        await AdvanceAsync(TimeSpan.FromSeconds(5));
        Assert.Equal("a", await NextAsync());
        await AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.Equal("a", await NextAsync());
        await stop.CancelAsync();
        await running.EndedAsync();
    }

    [Fact]
    public async Task A_key_has_one_worker_at_a_time_and_is_worked_on_again_if_added_meanwhile()
    {
        using var stop = new CancellationTokenSource();
        var gate = new TaskCompletionSource();
        var running = _queue.RunAsync(3, async (key, token) =>
        {
            _worked.Writer.TryWrite(key);
            await gate.Task.WaitAsync(token);
            return null;
        }, (_, _) => { }, stop.Token);
        _queue.Add("a");
        Assert.Equal("a", await NextAsync());
        _queue.Add("a");
        _queue.Add("b");
        Assert.Equal("b", await NextAsync());
        Assert.False(_worked.Reader.TryRead(out _));
        gate.SetResult();
        Assert.Equal("a", await NextAsync());
        await stop.CancelAsync();
        await running.EndedAsync();
    }

    /// <summary>Timers go no further than 49 days.</summary>
    [Fact]
    public async Task A_key_that_waits_for_long_is_asked_for_in_between()
    {
        using var stop = new CancellationTokenSource();
        var running = _queue.RunAsync(1, (key, _) =>
        {
            _worked.Writer.TryWrite(key);
            return Task.FromResult<TimeSpan?>(TimeSpan.MaxValue);
        }, (_, _) => { }, stop.Token);
        _queue.Add("a");
        Assert.Equal("a", await NextAsync());
        await AdvanceAsync(TimeSpan.FromDays(1));
        Assert.Equal("a", await NextAsync());
        await stop.CancelAsync();
        await running.EndedAsync();
    }

    [Fact]
    public async Task What_was_interrupted_is_worked_on_by_who_runs_the_queue_next()
    {
        using var first = new CancellationTokenSource();
        var running = _queue.RunAsync(1, async (key, token) =>
        {
            _worked.Writer.TryWrite(key);
            await Task.Delay(Timeout.InfiniteTimeSpan, _time, token);
            return null;
        }, (_, _) => { }, first.Token);
        _queue.Add("a");
        Assert.Equal("a", await NextAsync());
        await first.CancelAsync();
        await running.EndedAsync();

        using var second = new CancellationTokenSource();
        running = _queue.RunAsync(1, (key, _) =>
        {
            _worked.Writer.TryWrite(key);
            return Task.FromResult<TimeSpan?>(null);
        }, (_, _) => { }, second.Token);
        Assert.Equal("a", await NextAsync());
        await second.CancelAsync();
        await running.EndedAsync();
    }

    private async Task<string> NextAsync() => await _worked.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    /// <summary>Moves time on once the queue waits for it.</summary>
    private async Task AdvanceAsync(TimeSpan by)
    {
        await _time.ArmedAsync();
        _time.Advance(by);
    }
}
