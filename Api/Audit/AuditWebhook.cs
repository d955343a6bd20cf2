using System.Buffers;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Api.Remote;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>
/// Sends events to a server, many at once, as an <c>EventList</c>. What fails for want of a server is sent again, five
/// times in all.
/// </summary>
internal sealed class AuditWebhook(
    AuditWebhookOptions options, RemoteCaller caller, AuditMetrics metrics, TimeProvider time,
    ILogger<AuditWebhook> logger)
    : AuditSink("webhook", options.Delivery, metrics, time, logger)
{
    private const int MaxAttempts = 5;
    private const double BackoffFactor = 1.5;
    private const int MaxAnswerBytes = 1024 * 1024;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly AuditWebhookOptions _options = options;
    private readonly TimeProvider _time = time;

    /// <inheritdoc/>
    protected override async Task<string?> DeliverAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> events, CancellationToken cancellationToken)
    {
        var body = EventList(events);
        var wait = _options.InitialBackoff;
        for (var attempt = 1; ; attempt++)
        {
            var answer = await caller.AskAsync(_options.Target, body, Timeout, MaxAnswerBytes, cancellationToken);
            if (answer.Succeeded)
            {
                return null;
            }

            if (attempt == MaxAttempts || answer.Error.Code is not (429 or >= 500))
            {
                return answer.Error.Message;
            }

            await Task.Delay(wait, _time, cancellationToken);
            wait *= BackoffFactor;
        }
    }

    private static ReadOnlyMemory<byte> EventList(IReadOnlyList<ReadOnlyMemory<byte>> events)
    {
        var body = new ArrayBufferWriter<byte>();
        body.Write("""{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":["""u8);
        for (var i = 0; i < events.Count; i++)
        {
            body.Write(i == 0 ? ""u8 : ","u8);
            body.Write(events[i].Span);
        }

        body.Write("]}"u8);
        return body.WrittenMemory;
    }
}
