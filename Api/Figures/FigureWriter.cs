using System.Buffers;
using System.Text.Json;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Metrics;

namespace OrleansOrchestrator.Api.Figures;

/// <summary>Writes figures in the forms of <c>custom.metrics.k8s.io</c> and <c>external.metrics.k8s.io</c>.</summary>
internal static class FigureWriter
{
    private const double MilliPerOne = 1000;

    /// <summary>The whole answer.</summary>
    /// <param name="question">What was asked.</param>
    /// <param name="items">The figures.</param>
    /// <param name="of">The kind of the objects; null where there are none.</param>
    /// <param name="version">In which version of the group.</param>
    public static ReadOnlyMemory<byte> Write(
        FigureQuestion question, IReadOnlyList<FigureItem> items, ResourceDefinition? of, string version)
    {
        var body = new ArrayBufferWriter<byte>(256 + (items.Count * 256));
        var isOlder = of is not null && version == FigureResources.OlderCustomVersion;
        using var writer = new Utf8JsonWriter(body);
        writer.WriteStartObject();
        writer.WriteString("kind", of is null ? FigureResources.ExternalList : FigureResources.CustomList);
        writer.WriteString(
            "apiVersion", $"{(of is null ? FigureResources.External : FigureResources.Custom)}/{version}");
        writer.WriteStartObject("metadata");
        writer.WriteEndObject();
        writer.WriteStartArray("items");
        foreach (var item in items)
        {
            writer.WriteStartObject();
            if (of is null)
            {
                WriteSeries(writer, question, item);
            }
            else
            {
                WriteObject(writer, item, of);
                WriteMetric(writer, question, isOlder);
            }

            writer.WriteString("timestamp", item.Time.ToApiText());
            writer.WriteString("value", QuantityOf(item.Value));
            if (isOlder)
            {
                writer.WriteNull("selector");
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.Flush();
        return body.WrittenMemory;
    }

    private static void WriteObject(Utf8JsonWriter writer, FigureItem item, ResourceDefinition of)
    {
        writer.WriteStartObject("describedObject");
        writer.WriteString("kind", of.Kind);
        if (item.Of.Namespace.Length > 0)
        {
            writer.WriteString("namespace", item.Of.Namespace);
        }

        writer.WriteString("name", item.Of.Name);
        writer.WriteString("apiVersion", of.ApiVersion);
        writer.WriteEndObject();
    }

    private static void WriteMetric(Utf8JsonWriter writer, FigureQuestion question, bool isOlder)
    {
        if (isOlder)
        {
            writer.WriteString("metricName", question.Metric);
            return;
        }

        writer.WriteStartObject("metric");
        writer.WriteString("name", question.Metric);
        writer.WriteNull("selector");
        writer.WriteEndObject();
    }

    private static void WriteSeries(Utf8JsonWriter writer, FigureQuestion question, FigureItem item)
    {
        writer.WriteString("metricName", question.Metric);
        writer.WriteStartObject("metricLabels");
        foreach (var (name, value) in item.Labels.OrderBy(static l => l.Key, StringComparer.Ordinal))
        {
            writer.WriteString(name, value);
        }

        if (!item.Labels.ContainsKey("pod"))
        {
            writer.WriteString("pod", item.Of.Name);
        }

        writer.WriteEndObject();
    }

    /// <summary>In thousandths, which is what is computed with.</summary>
    private static string QuantityOf(double value)
    {
        var milli = (decimal)Math.Clamp(Math.Round(value * MilliPerOne), long.MinValue, long.MaxValue);
        return Quantity.Parse(FormattableString.Invariant($"{milli}m")).ToString();
    }
}
