using System.Globalization;
using System.Text.Json;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Metrics;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Metrics;

namespace OrleansOrchestrator.Api.Usage;

/// <summary>Figures of one pod or node, ready to be written.</summary>
/// <param name="Of">What was measured.</param>
/// <param name="Time">When.</param>
/// <param name="Window">Over which time before that.</param>
/// <param name="Total">What it uses in all.</param>
/// <param name="Containers">Of pods: what each container uses.</param>
internal sealed record UsageItem(
    ResourceObject Of, DateTimeOffset Time, TimeSpan Window, ResourceUsage Total,
    IReadOnlyList<ContainerUsage>? Containers)
{
    public static UsageItem From(ResourceObject pod, PodUsage usage) =>
        new(pod, usage.Time, usage.Window, usage.Total, usage.Containers);

    public static UsageItem From(ResourceObject node, NodeUsage usage) =>
        new(node, usage.Time, usage.Window, usage.Usage, null);
}

/// <summary>Writes <c>metrics.k8s.io/v1beta1</c>, with metrics-server's forms of numbers and times.</summary>
internal static class UsageWriter
{
    private const long Kibi = 1024;

    /// <summary>One object.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="item">The figures.</param>
    /// <param name="kind">Its kind; null inside of a list.</param>
    /// <param name="now">The time of creation: figures are made when asked for.</param>
    public static void Write(Utf8JsonWriter writer, UsageItem item, string? kind, DateTimeOffset now)
    {
        writer.WriteStartObject();
        if (kind is not null)
        {
            WriteType(writer, kind);
        }

        WriteMetadata(writer, item.Of, now);
        writer.WriteString("timestamp", item.Time.ToApiText());
        writer.WriteString("window", GoDuration.Format(item.Window));
        if (item.Containers is { } containers)
        {
            writer.WriteStartArray("containers");
            foreach (var container in containers)
            {
                writer.WriteStartObject();
                writer.WriteString("name", container.Name);
                WriteUsage(writer, container.Usage);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }
        else
        {
            WriteUsage(writer, item.Total);
        }

        writer.WriteEndObject();
    }

    public static void WriteType(Utf8JsonWriter writer, string kind)
    {
        writer.WriteString("kind", kind);
        writer.WriteString("apiVersion", $"{MetricsResources.Group}/{MetricsResources.Version}");
    }

    /// <summary>A row of a Table, with the object or its metadata.</summary>
    public static void WriteRow(Utf8JsonWriter writer, UsageItem item, Action<Utf8JsonWriter> writeObject)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("cells");
        writer.WriteStringValue(item.Of.Key.Name);
        writer.WriteStringValue(Cpu(item.Total));
        writer.WriteStringValue(Memory(item.Total));
        writer.WriteStringValue(GoDuration.Format(item.Window));
        writer.WriteEndArray();
        writer.WritePropertyName("object");
        writeObject(writer);
        writer.WriteEndObject();
    }

    public static void WriteMetadata(Utf8JsonWriter writer, ResourceObject of, DateTimeOffset now)
    {
        writer.WriteStartObject("metadata");
        writer.WriteString("name", of.Key.Name);
        if (of.Key.Namespace.Length > 0)
        {
            writer.WriteString("namespace", of.Key.Namespace);
        }

        writer.WriteString("creationTimestamp", now.ToApiText());
        if (of.Metadata.Labels.Count > 0)
        {
            writer.WriteStartObject("labels");
            foreach (var (name, value) in of.Metadata.Labels.OrderBy(static l => l.Key, StringComparer.Ordinal))
            {
                writer.WriteString(name, value);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteUsage(Utf8JsonWriter writer, ResourceUsage usage)
    {
        writer.WriteStartObject("usage");
        writer.WriteString("cpu", Cpu(usage));
        writer.WriteString("memory", Memory(usage));
        writer.WriteEndObject();
    }

    private static string Cpu(ResourceUsage usage) => Quantity.Parse($"{usage.CpuNanocores}n").ToString();

    private static string Memory(ResourceUsage usage) => usage.MemoryBytes % Kibi == 0
        ? Quantity.Parse($"{usage.MemoryBytes / Kibi}Ki").ToString()
        : usage.MemoryBytes.ToString(CultureInfo.InvariantCulture);
}
