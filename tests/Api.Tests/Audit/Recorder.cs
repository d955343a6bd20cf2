using System.Text.Json.Nodes;
using System.Threading.Channels;
using OrleansOrchestrator.Api.Audit;

namespace OrleansOrchestrator.Api.Tests.Audit;

/// <summary>Keeps the events of a test.</summary>
internal sealed class Recorder : IAuditSink
{
    private readonly Channel<JsonNode> _events = Channel.CreateUnbounded<JsonNode>();

    /// <summary>Only requests to these paths count.</summary>
    public string Prefix { get; init; } = "/";

    public ValueTask<bool> TakeAsync(AuditEvent item)
    {
        if (item.Record.Uri.StartsWith(Prefix, StringComparison.Ordinal))
        {
            _events.Writer.TryWrite(JsonNode.Parse(item.Json.Span)!);
        }

        return new(true);
    }

    /// <summary>The next event; waits for it.</summary>
    public async Task<JsonNode> NextAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        return await _events.Reader.ReadAsync(patience.Token);
    }
}
