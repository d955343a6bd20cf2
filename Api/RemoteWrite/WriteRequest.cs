using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Metrics;

namespace OrleansOrchestrator.Api.RemoteWrite;

/// <summary>
/// Writes a round as remote write's request (<c>prometheus.WriteRequest</c>, version 1): the series have the names and
/// labels that a scrape of the nodes would give them.
/// </summary>
internal static class WriteRequest
{
    private const int TimeSeriesField = 1;
    private const int LabelField = 1;
    private const int SampleField = 2;
    private const int NameField = 1;
    private const int ValueField = 2;
    private const int SampleValue = 1;
    private const int SampleTime = 2;

    private static readonly (string Name, Func<UsageSample, double?> Read)[] OfContainers =
    [
        ("container_cpu_usage_seconds_total", static s => s.CpuSeconds),
        ("container_memory_working_set_bytes", static s => s.MemoryBytes),
        ("container_fs_reads_bytes_total", static s => s.DiskRead),
        ("container_fs_writes_bytes_total", static s => s.DiskWritten),
        ("kube_pod_container_status_restarts_total", static s => s.Restarts),
    ];

    private static readonly (string Name, Func<UsageSample, double?> Read)[] OfPods =
    [
        ("container_network_receive_bytes_total", static s => s.NetworkReceived),
        ("container_network_transmit_bytes_total", static s => s.NetworkSent),
    ];

    private static readonly (string Name, Func<UsageSample, double?> Read)[] OfNodes =
    [
        ("node_cpu_usage_seconds_total", static s => s.CpuSeconds),
        ("node_memory_working_set_bytes", static s => s.MemoryBytes),
        ("node_network_receive_bytes_total", static s => s.NetworkReceived),
        ("node_network_transmit_bytes_total", static s => s.NetworkSent),
    ];

    /// <summary>The request, and how many samples are in it.</summary>
    public static (byte[] Message, int Samples) Of(UsageRound round)
    {
        var (request, samples) = (new ProtobufWriter(), 0);
        foreach (var (sample, name, value) in Told(round))
        {
            var (labels, time) = (LabelsOf(sample), sample.Time.ToUnixTimeMilliseconds());
            request.Message(TimeSeriesField, w => WriteSeries(w, name, labels, value, time));
            samples++;
        }

        return (request.Written.ToArray(), samples);
    }

    /// <summary>How many samples its request would have.</summary>
    public static int Count(UsageRound round) => Told(round).Count();

    private static IEnumerable<(UsageSample Of, string Name, double Value)> Told(UsageRound round) =>
        from sample in round.Samples
        from series in sample switch
        {
            { Namespace: "" } => OfNodes,
            { Container: "" } => OfPods,
            _ => OfContainers,
        }
        let value = series.Read(sample)
        where value is not null
        select (sample, series.Name, value.Value);

    private static (string Name, string Value)[] LabelsOf(UsageSample sample) => sample switch
    {
        { Namespace: "" } => [("node", sample.Name)],
        { Container: "" } => PodLabels(sample),
        _ => [("container", sample.Container), .. PodLabels(sample)],
    };

    /// <summary>In the order of the alphabet, as receivers want labels.</summary>
    private static (string Name, string Value)[] PodLabels(UsageSample sample) =>
        [("namespace", sample.Namespace), ("node", sample.Node), ("pod", sample.Name)];

    private static void WriteSeries(
        ProtobufWriter series, string name, IEnumerable<(string Name, string Value)> labels, double value,
        long milliseconds)
    {
        WriteLabel(series, "__name__", name);
        foreach (var (label, text) in labels)
        {
            WriteLabel(series, label, text);
        }

        series.Message(SampleField, sample =>
        {
            sample.Double(SampleValue, value);
            sample.Number(SampleTime, milliseconds);
        });
    }

    private static void WriteLabel(ProtobufWriter series, string name, string value) =>
        series.Message(LabelField, label =>
        {
            label.Text(NameField, name);
            label.Text(ValueField, value);
        });
}
