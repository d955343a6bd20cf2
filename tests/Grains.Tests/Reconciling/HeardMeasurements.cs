using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>
/// Hears what a meter of all controllers of this process measures: other tests' as well, so that a test has to know its
/// own by their labels or values.
/// </summary>
internal sealed class HeardMeasurements : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<(string Name, double Value, string Labels)> _all = new();

    public HeardMeasurements(string meter)
    {
        _listener.InstrumentPublished = (instrument, hearing) =>
        {
            if (instrument.Meter.Name == meter)
            {
                hearing.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((i, value, tags, _) => Note(i, value, tags));
        _listener.SetMeasurementEventCallback<long>((i, value, tags, _) => Note(i, value, tags));
        _listener.Start();
    }

    /// <summary>In the order in which they came; labels are <c>name=value</c> one after the other.</summary>
    public IReadOnlyCollection<(string Name, double Value, string Labels)> All => _all;

    public void Dispose() => _listener.Dispose();

    private void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new List<string>();
        foreach (var (name, label) in tags)
        {
            labels.Add($"{name}={label}");
        }

        _all.Enqueue((instrument.Name, value, string.Join(' ', labels)));
    }
}
