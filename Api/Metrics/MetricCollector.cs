using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace OrleansOrchestrator.Api.Metrics;

/// <summary>
/// Adds up what this host's meters measure, and those that belong to no host, for <c>/metrics</c>. It listens from its
/// construction on, so the host makes it first.
/// </summary>
public sealed class MetricCollector : IDisposable
{
    /// <summary>How the names of meters begin whose figures are shown.</summary>
    internal static readonly string[] MeterPrefixes =
        ["OrleansOrchestrator.", "Microsoft.Orleans", "Orleans", "Npgsql", "System.Runtime", "Microsoft.AspNetCore.Server.Kestrel"];

    /// <summary>
    /// Kestrel tells it twice for each request, when it queues it to the thread pool and when it runs: that costs 1 %
    /// of a get. A starved pool shows in <c>dotnet.thread_pool.queue.length</c> of System.Runtime.
    /// </summary>
    private const string OfEachRequest = "kestrel.queued_requests";

    private readonly MeterListener _listener = new();
    private readonly Lock _observing = new();
    private readonly ConcurrentDictionary<Instrument, MetricFamily> _families = new(ReferenceEqualityComparer.Instance);

    public MetricCollector(IMeterFactory meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name != OfEachRequest
                && (instrument.Meter.Scope is null || instrument.Meter.Scope == meters)
                && Array.Exists(MeterPrefixes, p => instrument.Meter.Name.StartsWith(p, StringComparison.Ordinal)))
            {
                listener.EnableMeasurementEvents(
                    instrument, _families.GetOrAdd(instrument, static i => new MetricFamily(i)));
            }
        };
        _listener.MeasurementsCompleted = (instrument, _) => _families.TryRemove(instrument, out MetricFamily? _);
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => Record(family, value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, family) => Record(family, value, tags));
        _listener.SetMeasurementEventCallback<short>(static (_, value, tags, family) => Record(family, value, tags));
        _listener.SetMeasurementEventCallback<byte>(static (_, value, tags, family) => Record(family, value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => Record(family, value, tags));
        _listener.SetMeasurementEventCallback<float>(static (_, value, tags, family) => Record(family, value, tags));
        _listener.SetMeasurementEventCallback<decimal>(
            static (_, value, tags, family) => Record(family, (double)value, tags));
        _listener.Start();
    }

    /// <summary>What instruments have measured so far, by name. Nothing is observed where none of them needs it.
    /// </summary>
    /// <param name="isWanted">Chooses among them; null takes all.</param>
    internal IReadOnlyList<MetricFamily> Collect(Func<Instrument, bool>? isWanted = null)
    {
        MetricFamily[] families = [
            .. _families.Values.Where(f => isWanted?.Invoke(f.Instrument) ?? true)
                .OrderBy(static f => f.Instrument.Name, StringComparer.Ordinal)];
        if (Array.Exists(families, static f => f.Instrument.IsObservable))
        {
            lock (_observing)
            {
                Array.ForEach(families, static f => f.BeginRound());
                _listener.RecordObservableInstruments();
                Array.ForEach(families, static f => f.EndRound());
            }
        }

        return families;
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private static void Record(object? family, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        ((MetricFamily)family!).Record(value, tags);
}
