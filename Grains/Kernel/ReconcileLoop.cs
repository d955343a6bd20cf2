using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// The background reconciliation of one activation. Signals coalesce: one step runs, at most one is pending, so any
/// number of signals during a step costs one further step, which sees everything they announced. A step never runs
/// inside a grain call, because its own writes come back to the same non-reentrant grain. All members run on the
/// activation's scheduler, hence no locks.
/// </summary>
internal sealed partial class ReconcileLoop(
    Func<CancellationToken, Task<ReconcileResult>> step,
    Action<TimeSpan> keepAlive,
    TimeProvider time,
    ILogger logger,
    ObjectAddress name)
    : IDisposable
{
    internal static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(50);
    internal static readonly TimeSpan MaxBackoff = TimeSpan.FromSeconds(30);

    /// <summary>Longest sleep, within what timers can: a step that asks for more comes early and asks again.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromDays(1);

    /// <summary>How long the activation stays without progress of its loop; longer than any backoff.</summary>
    private static readonly TimeSpan KeepAliveMargin = TimeSpan.FromMinutes(2);

    private readonly CancellationTokenSource _stop = new();
    private readonly ReconcileMeter _meter = new(name.Resource.Plural);
    private TaskCompletionSource? _wake;
    private bool _running;
    private bool _pending;
    private long _asked;

    /// <summary>Asks for a step that begins after this call.</summary>
    public void Signal()
    {
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        Ask();
        _wake?.TrySetResult();
        if (!_running)
        {
            _running = true;
            _ = RunAsync();
        }
    }

    public void Dispose()
    {
        // The loop is not awaited: it may be waiting for a call to its own, now deactivating, grain.
        _stop.Cancel();
        Take();
        _wake?.TrySetResult();
    }

    private void Ask()
    {
        if (!_pending)
        {
            _pending = true;
            _asked = time.GetTimestamp();
            _meter.Added();
        }
    }

    private void Take()
    {
        if (_pending)
        {
            _pending = false;
            _meter.Taken();
        }
    }

    private async Task RunAsync()
    {
        // Leaves the grain call that signalled, and with it its request context, before the first step.
        await Task.Yield();
        RequestContext.Clear();
        var failures = 0;
        while (_pending && !_stop.IsCancellationRequested)
        {
            Take();
            _meter.Begun(time.GetElapsedTime(_asked));
            var next = await StepAsync(failures);
            failures = next.Failed ? failures + 1 : 0;
            if (next.After is { } after && !_pending)
            {
                await WaitAsync(after);
                Ask();
            }
        }

        _running = false;
        if (!_stop.IsCancellationRequested)
        {
            keepAlive(TimeSpan.Zero);
        }
    }

    private async Task<(TimeSpan? After, bool Failed)> StepAsync(int failures)
    {
        var started = time.GetTimestamp();
        try
        {
            keepAlive(KeepAliveMargin);
            var result = await step(_stop.Token);
            return (result.After, false);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return (null, false);
        }
        catch (Exception error)
        {
            var delay = Backoff(failures);
            LogFailed(logger, name.ToString(), failures + 1, delay, error);
            _meter.Retried();
            return (delay, true);
        }
        finally
        {
            _meter.Ended(time.GetElapsedTime(started));
        }
    }

    private async Task WaitAsync(TimeSpan delay)
    {
        delay = delay < MaxWait ? delay : MaxWait;
        keepAlive(delay + KeepAliveMargin);
        _wake = new TaskCompletionSource();
        using var timer = time.CreateTimer(
            static wake => ((TaskCompletionSource)wake!).TrySetResult(), _wake, delay, Timeout.InfiniteTimeSpan);
        await _wake.Task;
        _wake = null;
    }

    internal static TimeSpan Backoff(int failures) =>
        failures >= 10 ? MaxBackoff : TimeSpan.FromTicks(Math.Min(FirstBackoff.Ticks << failures, MaxBackoff.Ticks));

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Reconciling {Name} failed {Failures} times in a row; next attempt in {Delay}.")]
    private static partial void LogFailed(ILogger logger, string name, int failures, TimeSpan delay, Exception error);
}
