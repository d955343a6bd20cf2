using System.Diagnostics.Metrics;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

public sealed class SchedulerMetricsTests
{
    /// <summary>What boards and alerts ask of a scheduler, under upstream's names.</summary>
    [Theory]
    [InlineData(1, "1")]
    [InlineData(14, "14")]
    [InlineData(15, "15+")]
    [InlineData(99, "15+")]
    public void A_pod_that_is_scheduled_is_counted_with_its_attempts(int attempts, string label)
    {
        var seen = new List<string>();
        using var metrics = Listen(seen, out var listener);
        using (listener)
        {
            var pod = new PodInfo
            {
                Key = new ObjectKey("default", "a"), Uid = "u", Revision = 1, Shape = new PodShape(),
                Attempts = (0, attempts),
            };
            metrics.Scheduled(pod, TimeSpan.FromSeconds(3));
            metrics.PreemptionTried(null);
            metrics.PreemptionTried(2);
        }

        Assert.Equal(
            [
                $"scheduler_pod_scheduling_attempts {attempts}",
                $"scheduler_pod_scheduling_sli_duration_seconds 3 attempts={label}",
                "scheduler_preemption_attempts_total 1",
                "scheduler_preemption_attempts_total 1",
                "scheduler_preemption_victims 2",
            ],
            seen);
    }

    /// <summary>Hears these metrics only: others of the same name are other tests'.</summary>
    private static SchedulerMetrics Listen(List<string> seen, out MeterListener listener)
    {
        var isOurs = false;
        var thread = Environment.CurrentManagedThreadId;
        listener = new MeterListener();
        listener.InstrumentPublished = (instrument, hearing) =>
        {
            if (isOurs && Environment.CurrentManagedThreadId == thread)
            {
                hearing.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((i, value, tags, _) => seen.Add(Text(i, value, tags)));
        listener.SetMeasurementEventCallback<long>((i, value, tags, _) => seen.Add(Text(i, value, tags)));
        listener.SetMeasurementEventCallback<int>((i, value, tags, _) => seen.Add(Text(i, value, tags)));
        listener.Start();
        isOurs = true;
        var metrics = new SchedulerMetrics();
        isOurs = false;
        return metrics;
    }

    private static string Text(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = FormattableString.Invariant($"{instrument.Name} {value}");
        foreach (var (key, tag) in tags)
        {
            text += $" {key}={tag}";
        }

        return text;
    }
}
