using System.Diagnostics.Metrics;

namespace OrleansOrchestrator.Api.Metrics;

/// <summary>
/// Counts connections whose TLS handshake failed, under upstream's name. Kestrel tells of each handshake by a
/// measurement, which of those that failed alone has a label of what went wrong.
/// </summary>
public sealed class TlsHandshakeErrors : IDisposable
{
    private const string KestrelMeter = "Microsoft.AspNetCore.Server.Kestrel";
    private const string Handshakes = "kestrel.tls_handshake.duration";
    private const string Problem = "error.type";

    private readonly MeterListener _listener = new();
    private readonly Counter<long> _errors;

    /// <param name="meters">This host's: its handshakes count, and no other's.</param>
    public TlsHandshakeErrors(IMeterFactory meters)
    {
        _errors = meters.Create(ApiMetrics.MeterName).CreateCounter<long>(
            "apiserver_tls_handshake_errors_total",
            description: "[ALPHA] Number of requests dropped with 'TLS handshake error from' error");
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Meter.Name == KestrelMeter
                && instrument.Name == Handshakes)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((_, _, tags, _) => Count(tags));
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();

    private void Count(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var (name, _) in tags)
        {
            if (name == Problem)
            {
                _errors.Add(1);
                return;
            }
        }
    }
}
