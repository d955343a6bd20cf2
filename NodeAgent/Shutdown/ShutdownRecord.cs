using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Metrics;

namespace OrleansOrchestrator.NodeAgent.Shutdown;

/// <summary>
/// When the machine went down last, and when its pods had ended: in a file, upstream's, since whoever asks does so
/// after the machine has come back. Whoever shuts a machine down without systemd waits for the end there.
/// </summary>
public sealed class ShutdownRecord
{
    private const string Started = "startTime";
    private const string EndedAt = "endTime";

    private readonly string _file;
    private readonly Lock _lock = new();
    private DateTimeOffset? _start;
    private DateTimeOffset? _end;

    public ShutdownRecord(NodeAgentOptions options)
    {
        _file = Path.Combine(options.DataDirectory, "graceful_node_shutdown_state");
        if (Read(_file) is { } known)
        {
            (_start, _end) = (Time(known[Started]), Time(known[EndedAt]));
        }
    }

    /// <summary>Throws <see cref="IOException"/> where it cannot be written; it is known all the same.</summary>
    public void Begin(DateTimeOffset now) => Set(now, null);

    /// <summary>The same.</summary>
    public void End(DateTimeOffset now) => Set(_start, now);

    public void Write(MetricsText text)
    {
        lock (_lock)
        {
            Gauge(text, "kubelet_graceful_shutdown_start_time_seconds", "start", _start);
            Gauge(text, "kubelet_graceful_shutdown_end_time_seconds", "end", _end);
        }
    }

    private static void Gauge(MetricsText text, string name, string what, DateTimeOffset? time) => text
        .Family(name, "gauge", $"[ALPHA] Last graceful shutdown {what} time since unix epoch in seconds")
        .Sample(name, time?.ToUnixTimeSeconds() ?? 0, null);

    private void Set(DateTimeOffset? start, DateTimeOffset? end)
    {
        lock (_lock)
        {
            (_start, _end) = (start, end);
            OwnFiles.Write(_file, new JsonObject { [Started] = start, [EndedAt] = end }.ToJsonString());
        }
    }

    /// <summary>What a machine that went down hard left of the file is as good as none.</summary>
    private static JsonObject? Read(string file)
    {
        try
        {
            return File.Exists(file) ? JsonNode.Parse(File.ReadAllText(file)) as JsonObject : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static DateTimeOffset? Time(JsonNode? value) =>
        value is JsonValue text && text.TryGetValue<DateTimeOffset>(out var time) ? time : null;
}
