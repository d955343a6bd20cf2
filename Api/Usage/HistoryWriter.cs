using System.Text.Json;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Metrics;

namespace OrleansOrchestrator.Api.Usage;

/// <summary>
/// Writes the past as JSON: for each series a list of numbers for each figure, null where nothing is known.
/// </summary>
internal static class HistoryWriter
{
    private const double CpuUnits = 10_000;
    private const long MemoryUnit = 1024;

    private static readonly (UsageMetric Metric, string Name)[] Figures =
    [
        (UsageMetric.Cpu, "cpuCores"), (UsageMetric.Memory, "memoryBytes"),
        (UsageMetric.NetworkReceived, "networkReceivedPerSecond"), (UsageMetric.NetworkSent, "networkSentPerSecond"),
        (UsageMetric.DiskRead, "diskReadPerSecond"), (UsageMetric.DiskWritten, "diskWrittenPerSecond"),
        (UsageMetric.Restarts, "restarts"),
    ];

    public static void Write(Utf8JsonWriter writer, UsageHistoryPage page, IReadOnlyList<UsageSeries> all)
    {
        writer.WriteStartObject();
        writer.WriteString("kind", "UsageHistory");
        writer.WriteString("apiVersion", "metrics.k8s.io/v1beta1");
        writer.WriteString("start", page.Start.ToApiText());
        writer.WriteNumber("stepSeconds", (long)page.Step.TotalSeconds);
        writer.WriteNumber("points", page.Points);
        if (page.IsCut)
        {
            writer.WriteBoolean("truncated", true);
        }

        writer.WriteStartArray("series");
        foreach (var series in all)
        {
            Write(writer, series);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, UsageSeries series)
    {
        writer.WriteStartObject();
        foreach (var (name, text) in ((string, string)[])
            [
                ("namespace", series.Namespace), ("name", series.Name), ("container", series.Container),
                ("node", series.Node), ("owner", series.Owner),
            ])
        {
            if (text.Length > 0)
            {
                writer.WriteString(name, text);
            }
        }

        foreach (var (metric, name) in Figures)
        {
            var values = series[metric];
            if (Array.Exists(values, static v => v is not null))
            {
                writer.WriteStartArray(name);
                foreach (var value in values)
                {
                    Write(writer, metric, value);
                }

                writer.WriteEndArray();
            }
        }

        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, UsageMetric metric, long? value)
    {
        switch (metric, value)
        {
            case (_, null):
                writer.WriteNullValue();
                break;
            case (UsageMetric.Cpu, { } units):
                writer.WriteNumberValue(units / CpuUnits);
                break;
            case (UsageMetric.Memory, { } units):
                writer.WriteNumberValue(units * MemoryUnit);
                break;
            case (_, { } number):
                writer.WriteNumberValue(number);
                break;
        }
    }
}
