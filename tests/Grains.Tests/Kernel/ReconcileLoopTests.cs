using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

/// <summary>Signals coalesce, failures back off, and the end of the activation is the end of the loop.</summary>
public sealed class ReconcileLoopTests
{
    private readonly ManualTime _time = new();
    private readonly SingleThread _thread = new();
    private readonly List<TimeSpan> _keptAlive = [];
    private readonly ReconcileLoop _loop;
    private Func<CancellationToken, Task<ReconcileResult>> _step = static _ => Task.FromResult(ReconcileResult.Done);
    private int _steps;

    public ReconcileLoopTests() => _loop = new ReconcileLoop(
        token =>
        {
            _steps++;
            return _step(token);
        },
        _keptAlive.Add,
        _time,
        NullLogger.Instance,
        new ObjectAddress(new ResourceName("", "tests"), new ObjectKey("a", "b")));

    [Fact]
    public async Task Signals_during_a_step_make_one_further_step()
    {
        var gate = new TaskCompletionSource();
        _step = async _ =>
        {
            await gate.Task;
            return ReconcileResult.Done;
        };
        await SignalAsync();
        for (var i = 0; i < 10; i++)
        {
            await SignalAsync();
        }

        Assert.Equal(1, _steps);
        gate.SetResult();
        await SettleAsync();

        Assert.Equal(2, _steps);
    }

    [Fact]
    public async Task A_step_never_runs_inside_the_signal()
    {
        await _thread.RunAsync(() =>
        {
            _loop.Signal();
            Assert.Equal(0, _steps);
            return Task.CompletedTask;
        });
        await SettleAsync();
        Assert.Equal(1, _steps);
    }

    [Fact]
    public async Task Failures_back_off_exponentially_and_success_starts_over()
    {
        _step = static _ => throw new InvalidOperationException("no");
        await SignalAsync();
        for (var failures = 0; failures < 14; failures++)
        {
            Assert.Equal(failures + 1, _steps);
            var delay = ReconcileLoop.Backoff(failures);
            await AdvanceAsync(delay - TimeSpan.FromMilliseconds(1));
            Assert.Equal(failures + 1, _steps);
            await AdvanceAsync(TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal(TimeSpan.FromMilliseconds(50), ReconcileLoop.Backoff(0));
        Assert.Equal(ReconcileLoop.MaxBackoff, ReconcileLoop.Backoff(13));
        _step = static _ => Task.FromResult(ReconcileResult.Done);
        await AdvanceAsync(ReconcileLoop.MaxBackoff);
        Assert.Equal(16, _steps);
        Assert.Equal(0, _time.Timers);
    }

    [Fact]
    public async Task A_signal_ends_a_wait()
    {
        _step = static _ => Task.FromResult(ReconcileResult.Again(TimeSpan.FromMinutes(1)));
        await SignalAsync();
        await SignalAsync();
        Assert.Equal(2, _steps);

        await AdvanceAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(3, _steps);
    }

    [Fact]
    public async Task The_activation_is_kept_alive_while_the_loop_runs_and_no_longer()
    {
        var gate = new TaskCompletionSource();
        _step = async _ =>
        {
            await gate.Task;
            return ReconcileResult.Done;
        };
        await SignalAsync();
        Assert.All(_keptAlive, t => Assert.True(t > ReconcileLoop.MaxBackoff));

        gate.SetResult();
        await SettleAsync();

        Assert.Equal(TimeSpan.Zero, _keptAlive[^1]);
    }

    [Fact]
    public async Task Deactivation_cancels_the_step_and_ends_the_loop()
    {
        var cancelled = false;
        _step = async token =>
        {
            await using var registration = token.Register(() => cancelled = true);
            await Task.Delay(Timeout.InfiniteTimeSpan, _time, token);
            return ReconcileResult.Done;
        };
        await SignalAsync();
        await _thread.RunAsync(() =>
        {
            _loop.Dispose();
            _loop.Signal();
            return Task.CompletedTask;
        });
        await SettleAsync();

        Assert.True(cancelled);
        Assert.Equal(1, _steps);
    }

    private async Task SignalAsync()
    {
        await _thread.RunAsync(() =>
        {
            _loop.Signal();
            return Task.CompletedTask;
        });
        await SettleAsync();
    }

    private Task AdvanceAsync(TimeSpan by)
    {
        _time.Advance(by);
        return SettleAsync();
    }

    private async Task SettleAsync()
    {
        // A step is a handful of turns.
        for (var i = 0; i < 20; i++)
        {
            await _thread.DrainAsync();
        }
    }
}
