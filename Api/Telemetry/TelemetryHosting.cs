using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using OrleansOrchestrator.Api.Metrics;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Telemetry;

/// <summary>Wires the export of traces and metrics into a host.</summary>
public static class TelemetryHosting
{
    private const double Million = 1_000_000;

    /// <summary>Has traces and metrics sent. What cannot be sent in time is lost: buffers have bounds.</summary>
    public static IServiceCollection AddTelemetryExport(this IServiceCollection services, TelemetryOptions options)
    {
        var telemetry = services.AddOpenTelemetry().ConfigureResource(
            resource => resource.AddService("orc", serviceInstanceId: options.Instance));
        if (options.TracesPerMillion > 0)
        {
            telemetry.WithTracing(tracing => tracing
                .SetSampler(SamplerOf(options.TracesPerMillion))
                .AddSource("Microsoft.AspNetCore", "Npgsql", Traces.SourceName)
                .AddOtlpExporter(export => Send(export, options.Endpoint, "v1/traces")));
        }

        if (options.MetricsInterval > TimeSpan.Zero)
        {
            telemetry.WithMetrics(metrics => metrics
                .AddMeter([.. MetricCollector.MeterPrefixes.Select(static p => p + "*")])
                .AddOtlpExporter((export, reader) =>
                {
                    Send(export, options.Endpoint, "v1/metrics");
                    reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds =
                        (int)options.MetricsInterval.TotalMilliseconds;
                }));
        }

        return services;
    }

    /// <summary>Clients do not decide how much is sent: a trace that they began counts as a request of them.</summary>
    private static ParentBasedSampler SamplerOf(int perMillion)
    {
        var some = new TraceIdRatioBasedSampler(perMillion / Million);
        return new ParentBasedSampler(new RequestSampler(some), remoteParentSampled: some);
    }

    private static void Send(OtlpExporterOptions export, Uri endpoint, string path)
    {
        export.Protocol = OtlpExportProtocol.HttpProtobuf;
        export.Endpoint = new Uri($"{endpoint.AbsoluteUri.TrimEnd('/')}/{path}");
    }
}
