using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

public sealed class ReconcileMeterTests
{
    /// <summary>Upstream's boards show how long things wait in a queue, and how long they take.</summary>
    [Fact]
    public async Task A_step_is_measured_from_when_it_was_asked_for()
    {
        const int Measurements = 4;
        var seen = new ConcurrentQueue<(string Name, double Value)>();
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, hearing) =>
        {
            if (instrument.Meter.Name == "OrleansOrchestrator.Reconciling")
            {
                hearing.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            if (tags is [{ Value: "metered" }])
            {
                seen.Enqueue((instrument.Name, value));
                if (seen.Count == Measurements)
                {
                    all.SetResult();
                }
            }
        });
        listener.Start();
        var (time, thread) = (new ManualTime(), new SingleThread());
        var (begun, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        var steps = 0;
        using var loop = new ReconcileLoop(
            async _ =>
            {
                if (++steps == 1)
                {
                    begun.SetResult();
                    await gate.Task;
                }

                return ReconcileResult.Done;
            },
            static _ => { }, time, NullLogger.Instance,
            new ObjectAddress(new ResourceName("", "metereds"), new ObjectKey("a", "b")));

        await SignalAsync();
        await begun.Task;
        await SignalAsync();
        time.Advance(TimeSpan.FromSeconds(2));
        await thread.RunAsync(() =>
        {
            gate.SetResult();
            return Task.CompletedTask;
        });

        await all.Task;
        Assert.Equal(
            [
                ("workqueue_queue_duration_seconds", 0), ("workqueue_work_duration_seconds", 2),
                ("workqueue_queue_duration_seconds", 2), ("workqueue_work_duration_seconds", 0),
            ],
            seen);

        Task SignalAsync() => thread.RunAsync(() =>
        {
            loop.Signal();
            return Task.CompletedTask;
        });
    }
}
