using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Metrics;

namespace OrleansOrchestrator.NodeAgent.Shutdown;

/// <summary>
/// When the machine went down last, and when its pods had ended: in a file, upstream's, since whoever asks does so
/// after the machine has come back. Whoever shuts a machine down without systemd waits for the end there.
/// </summary>
public sealed partial class ShutdownRecord
{
    private readonly ILogger<ShutdownRecord> _logger;
    private readonly Lock _lock = new();
    private readonly Checkpoint<Times> _file;

    public ShutdownRecord(NodeAgentOptions options, ILogger<ShutdownRecord> logger)
    {
        _logger = logger;
        _file = new Checkpoint<Times>(
            options.DataDirectory, Form.Only, Read(options.DataDirectory) ?? new Times(null, null));
    }

    /// <summary>Throws <see cref="IOException"/> where it cannot be written; it is known all the same.</summary>
    public void Begin(DateTimeOffset now) => Set(_ => new Times(now, null));

    /// <summary>The same.</summary>
    public void End(DateTimeOffset now) => Set(known => known with { End = now });

    public void Write(MetricsText text)
    {
        lock (_lock)
        {
            Gauge(text, "kubelet_graceful_shutdown_start_time_seconds", "start", _file.State.Start);
            Gauge(text, "kubelet_graceful_shutdown_end_time_seconds", "end", _file.State.End);
        }
    }

    private static void Gauge(MetricsText text, string name, string what, DateTimeOffset? time) => text
        .Family(name, "gauge", $"[ALPHA] Last graceful shutdown {what} time since unix epoch in seconds")
        .Sample(name, time?.ToUnixTimeSeconds() ?? 0, null);

    private void Set(Func<Times, Times> change)
    {
        lock (_lock)
        {
            _file.Free(change(_file.State));
            _file.Flush();
        }
    }

    /// <summary>What a machine that went down hard left of the file is as good as none.</summary>
    private Times? Read(string directory)
    {
        try
        {
            return Checkpoint.Read(directory, Form.Only);
        }
        catch (InvalidDataException problem)
        {
            LogUnknown(problem.Message);
            return null;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Failed to load graceful shutdown state: {Problem}")]
    private partial void LogUnknown(string problem);

    private sealed record Times(
        [property: JsonPropertyName("startTime")] DateTimeOffset? Start,
        [property: JsonPropertyName("endTime")] DateTimeOffset? End);

    private sealed class Form : ICheckpointForm<Times>
    {
        public static readonly Form Only = new();

        public string Name => "graceful_node_shutdown_state";

        public string Title => "the graceful node shutdown state file";

        public byte[] Write(Times state) => JsonSerializer.SerializeToUtf8Bytes(state);

        public Times Read(byte[] content) => JsonSerializer.Deserialize<Times>(content) ?? new Times(null, null);
    }
}
