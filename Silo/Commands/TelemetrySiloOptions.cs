using System.CommandLine;
using OrleansOrchestrator.Api.Telemetry;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>The options of exporting traces and metrics.</summary>
internal sealed class TelemetrySiloOptions
{
    private const int Million = 1_000_000;
    private const int DefaultTraces = 10_000;

    private readonly SecretOption _endpoint = CommonOptions.MaybeSecret(
        "--otlp-endpoint",
        "Where traces and metrics are sent by OTLP over HTTP (protobuf), such as http://127.0.0.1:4318.");
    private readonly Option<int> _traces = CommonOptions.Number(
        "--otlp-traces-per-million", "Requests that are traced, of a million; 0 for none.", DefaultTraces, 0, Million);
    private readonly Option<string?> _interval = CommonOptions.MaybeText(
        "--otlp-metrics-interval", "How often metrics are sent; 0 for never. Default: 1m.");

    public IEnumerable<Option> All => [_endpoint, _traces, _interval];

    /// <summary>Null when nothing is sent.</summary>
    public TelemetryOptions? Of(ParseResult parsed)
    {
        if (parsed.GetValue(_endpoint) is not { } text)
        {
            return null;
        }

        return Uri.TryCreate(text, UriKind.Absolute, out var endpoint) && endpoint.Scheme is "http" or "https"
            ? new TelemetryOptions
            {
                Endpoint = endpoint!,
                Instance = Environment.MachineName.ToLowerInvariant(),
                TracesPerMillion = parsed.GetValue(_traces),
                MetricsInterval = parsed.GetValue(_interval) == "0"
                    ? TimeSpan.Zero
                    : CommonOptions.MaybeTimeOf(parsed, _interval) ?? TimeSpan.FromMinutes(1),
            }
            : throw new UserErrorException($"--otlp-endpoint: '{text}' is no URL of http or https.");
    }
}
