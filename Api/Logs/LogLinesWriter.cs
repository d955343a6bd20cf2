using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Search;

namespace OrleansOrchestrator.Api.Logs;

/// <summary>Writes lines as JSON: a <c>LineList</c>, or one event of a watch for each.</summary>
internal static class LogLinesWriter
{
    private const string ApiVersion = $"{LogResources.Group}/{LogResources.Version}";

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A page of a search.</summary>
    public static ReadOnlyMemory<byte> List(LogPage page, IReadOnlyDictionary<long, LogStream> streams)
    {
        var output = new ArrayBufferWriter<byte>(4096);
        using var writer = new Utf8JsonWriter(output, Options);
        writer.WriteStartObject();
        writer.WriteString("kind", "LineList");
        writer.WriteString("apiVersion", ApiVersion);
        writer.WriteStartObject("metadata");
        if (page.Continue is { } next)
        {
            writer.WriteString("continue", next.ToString());
        }

        writer.WriteEndObject();
        writer.WriteStartArray("items");
        foreach (var line in page.Lines)
        {
            Write(writer, line, streams.GetValueOrDefault(line.Cursor.Stream), isTyped: false);
        }

        writer.WriteEndArray();
        writer.WriteStartObject("search");
        writer.WriteBoolean("timedOut", page.IsTimedOut);
        writer.WriteNumber("segments", page.SegmentsRead);
        writer.WriteNumber("bytes", page.BytesRead);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        return output.WrittenMemory;
    }

    /// <summary>Events of a watch, each on a line of its own.</summary>
    public static ReadOnlyMemory<byte> Events(
        IEnumerable<FoundLine> lines, IReadOnlyDictionary<long, LogStream> streams)
    {
        var output = new ArrayBufferWriter<byte>(4096);
        using var writer = new Utf8JsonWriter(output, Options);
        foreach (var line in lines)
        {
            writer.WriteStartObject();
            writer.WriteString("type", "ADDED");
            writer.WritePropertyName("object");
            Write(writer, line, streams.GetValueOrDefault(line.Cursor.Stream), isTyped: true);
            writer.WriteEndObject();
            writer.Flush();
            output.Write("\n"u8);
            writer.Reset();
        }

        return output.WrittenMemory;
    }

    private static void Write(Utf8JsonWriter writer, FoundLine line, LogStream? stream, bool isTyped)
    {
        writer.WriteStartObject();
        if (isTyped)
        {
            writer.WriteString("kind", "Line");
            writer.WriteString("apiVersion", ApiVersion);
        }

        writer.WriteString("time", LogTime.Format(line.Cursor.Time));
        if (stream is not null)
        {
            writer.WriteString("namespace", stream.Name.Namespace);
            writer.WriteString("pod", stream.Name.Pod);
            writer.WriteString("uid", stream.Name.Uid);
            writer.WriteString("container", stream.Name.Container);
            writer.WriteNumber("restart", stream.Name.Restart);
            writer.WriteString("node", stream.Node);
            if (stream.Workload.Length > 0)
            {
                writer.WriteString("workload", $"{stream.WorkloadKind}/{stream.Workload}");
            }
        }

        writer.WriteString("source", stream?.Name.Container == StreamName.EventContainer ? "event"
            : line.Flags.IsStderr ? "stderr"
            : "stdout");
        if (line.Flags.Severity != Severity.None)
        {
            writer.WriteString("level", Name(line.Flags.Severity));
        }

        writer.WriteString("text", line.Text);
        writer.WriteString("cursor", line.Cursor.ToString());
        writer.WriteEndObject();
    }

    private static string Name(Severity severity) => severity switch
    {
        Severity.Debug => "debug",
        Severity.Info => "info",
        Severity.Warning => "warning",
        Severity.Error => "error",
        _ => "fatal",
    };
}
