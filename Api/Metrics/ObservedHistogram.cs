using System.Diagnostics.Metrics;

namespace OrleansOrchestrator.Api.Metrics;

/// <summary>One series of a histogram that is kept elsewhere.</summary>
/// <param name="Tags">Of which series.</param>
/// <param name="Sum">Of all values.</param>
/// <param name="Cumulative">How many values are within each bound, and how many there are.</param>
public sealed record HistogramReading(KeyValuePair<string, object?>[] Tags, double Sum, long[] Cumulative);

/// <summary>
/// Histograms that are kept elsewhere and read when somebody looks. Meters know no such instrument, so that only
/// <c>/metrics</c> shows it: to other listeners it measures nothing.
/// </summary>
internal sealed class ObservedHistogram : ObservableInstrument<double>
{
    private readonly Func<IEnumerable<HistogramReading>> _read;

    public ObservedHistogram(
        Meter meter, string name, string description, double[] bounds, Func<IEnumerable<HistogramReading>> read)
        : base(meter, name, null, description)
    {
        (Bounds, _read) = (bounds, read);
        Publish();
    }

    public double[] Bounds { get; }

    public IEnumerable<HistogramReading> Read() => _read();

    /// <inheritdoc/>
    protected override IEnumerable<Measurement<double>> Observe() => [];
}
