using System.Text.Json.Nodes;
using System.Threading.Channels;
using OrleansOrchestrator.Api.Audit;
using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Tests.Audit;

/// <summary>Keeps the events of a test.</summary>
internal sealed class Recorder : IAuditSink
{
    private readonly Channel<JsonNode> _events = Channel.CreateUnbounded<JsonNode>();

    /// <summary>Only requests to these paths count.</summary>
    public string Prefix { get; init; } = "/";

    public void Take(AuditRecord record, AuditStages stage, ReadOnlyMemory<byte> json)
    {
        if (record.Uri.StartsWith(Prefix, StringComparison.Ordinal))
        {
            _events.Writer.TryWrite(JsonNode.Parse(json.Span)!);
        }
    }

    /// <summary>The next event; waits for it.</summary>
    public async Task<JsonNode> NextAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        return await _events.Reader.ReadAsync(patience.Token);
    }
}
