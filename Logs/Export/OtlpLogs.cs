using System.Text;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.Logs.Segments;

namespace OrleansOrchestrator.Logs.Export;

/// <summary>
/// Lines as OpenTelemetry's <c>ExportLogsServiceRequest</c>: a resource for each stream, named by the semantic
/// conventions of Kubernetes. Pure.
/// </summary>
internal static class OtlpLogs
{
    private const int ResourceLogsField = 1;
    private const int ResourceField = 1;
    private const int ScopeLogsField = 2;
    private const int AttributesOfResource = 1;
    private const int ScopeField = 1;
    private const int ScopeNameField = 1;
    private const int RecordsField = 2;
    private const int TimeField = 1;
    private const int SeverityNumberField = 2;
    private const int SeverityTextField = 3;
    private const int BodyField = 5;
    private const int AttributesOfRecord = 6;
    private const int ObservedTimeField = 11;
    private const int KeyField = 1;
    private const int ValueField = 2;
    private const int StringValueField = 1;
    private const int IntValueField = 3;

    /// <summary>Kinds of workloads that have an attribute of their own.</summary>
    private static readonly HashSet<string> Workloads =
        ["deployment", "replicaset", "statefulset", "daemonset", "job", "cronjob", "node", "namespace"];

    /// <summary>
    /// The request for some segments, and how many lines it has; lines of streams that are gone are left out.
    /// </summary>
    public static (byte[] Request, int Lines) Write(
        IEnumerable<LogSegment> segments, IReadOnlyDictionary<long, LogStream> streams, long observed)
    {
        var (request, count) = (new ProtobufWriter(), 0);
        foreach (var segment in segments)
        {
            var first = 0;
            foreach (var run in segment.Runs)
            {
                if (streams.TryGetValue(run.Stream, out var stream))
                {
                    var (lines, from) = (segment.Lines, first);
                    request.Message(ResourceLogsField, w => WriteRun(w, stream, lines, from, run.Count, observed));
                    count += run.Count;
                }

                first += run.Count;
            }
        }

        return (request.Written.ToArray(), count);
    }

    private static void WriteRun(
        ProtobufWriter writer, LogStream stream, LineBlock lines, int first, int count, long observed)
    {
        var isEvent = stream.Name.Container == StreamName.EventContainer;
        writer.Message(ResourceField, w => WriteResource(w, stream, isEvent));
        writer.Message(ScopeLogsField, w =>
        {
            w.Message(ScopeField, static scope => scope.Text(ScopeNameField, "orc"));
            for (var i = first; i < first + count; i++)
            {
                var line = i;
                w.Message(RecordsField, record => WriteRecord(record, lines, line, isEvent, observed));
            }
        });
    }

    private static void WriteResource(ProtobufWriter writer, LogStream stream, bool isEvent)
    {
        var name = stream.Name;
        void Attribute(string key, string value)
        {
            if (value.Length > 0)
            {
                writer.Message(AttributesOfResource, w => WriteText(w, key, value));
            }
        }

        Attribute("k8s.namespace.name", name.Namespace);
        Attribute("k8s.pod.name", name.Pod);
        Attribute("k8s.node.name", stream.Node);
        if (Workloads.Contains(stream.WorkloadKind))
        {
            Attribute($"k8s.{stream.WorkloadKind}.name", stream.Workload);
        }

        foreach (var (key, value) in stream.Labels.OrderBy(static l => l.Key, StringComparer.Ordinal))
        {
            Attribute($"k8s.pod.label.{key}", value);
        }

        if (!isEvent)
        {
            Attribute("k8s.pod.uid", name.Uid);
            Attribute("k8s.container.name", name.Container);
            writer.Message(AttributesOfResource, w =>
            {
                w.Text(KeyField, "k8s.container.restart_count");
                w.Message(ValueField, v => v.Number(IntValueField, name.Restart));
            });
        }
    }

    private static void WriteRecord(ProtobufWriter writer, LineBlock lines, int line, bool isEvent, long observed)
    {
        var flags = lines.Flags(line);
        writer.Fixed(TimeField, lines.Time(line));
        writer.Fixed(ObservedTimeField, observed);
        if (SeverityOf(flags.Severity) is var (number, text))
        {
            writer.Number(SeverityNumberField, number);
            writer.Text(SeverityTextField, text);
        }

        // What is no UTF-8 is replaced: a receiver would refuse the whole request.
        writer.Message(BodyField, w => WriteValue(w, Encoding.UTF8.GetString(lines.Text(line))));
        var (key, value) = isEvent ? ("orc.source", "event") : ("log.iostream", flags.IsStderr ? "stderr" : "stdout");
        writer.Message(AttributesOfRecord, w => WriteText(w, key, value));
    }

    private static void WriteText(ProtobufWriter writer, string key, string value)
    {
        writer.Text(KeyField, key);
        writer.Message(ValueField, v => WriteValue(v, value));
    }

    /// <summary>An empty text is a value, too.</summary>
    private static void WriteValue(ProtobufWriter writer, string value) =>
        writer.Bytes(StringValueField, Encoding.UTF8.GetBytes(value));

    /// <summary>Null for lines that say nothing of it.</summary>
    private static (int Number, string Text)? SeverityOf(Severity severity) => severity switch
    {
        Severity.None => null,
        Severity.Debug => (5, "DEBUG"),
        Severity.Info => (9, "INFO"),
        Severity.Warning => (13, "WARN"),
        Severity.Error => (17, "ERROR"),
        _ => (21, "FATAL"),
    };
}
