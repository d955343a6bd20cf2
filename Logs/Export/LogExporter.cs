using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.Logs.Segments;

namespace OrleansOrchestrator.Logs.Export;

/// <summary>
/// Sends what waits by OTLP over HTTP (protobuf), some segments at a time. What the other end cannot take now is sent
/// again until it can, while the queue holds back what comes; what it refuses is dropped. A request whose answer is
/// lost is sent again, too: lines may come twice, as OTLP allows.
/// </summary>
public sealed partial class LogExporter(
    LogExportOptions options, LogExportQueue queue, ILogStore store, HttpClient client, TimeProvider time,
    ILogger<LogExporter> logger) : BackgroundService
{
    /// <summary>Of text in one request, unless one segment has more.</summary>
    private const int MaxRequestBytes = 2 * 1024 * 1024;

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly Uri _target = new($"{options.Endpoint.AbsoluteUri.TrimEnd('/')}/v1/logs");
    private EncodedSegment? _held;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                var segments = await TakeAsync(stoppingToken);
                await SendAsync(segments, stoppingToken);
                segments.ForEach(queue.Free);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The silo ends: the store has what waits.
        }
    }

    private async Task<List<EncodedSegment>> TakeAsync(CancellationToken cancellationToken)
    {
        var first = _held ?? await queue.TakeAsync(cancellationToken);
        _held = null;
        var (taken, bytes) = (new List<EncodedSegment> { first }, first.RawBytes);
        while (queue.TryTake(out var next))
        {
            if (bytes + next!.RawBytes > MaxRequestBytes)
            {
                _held = next;
                break;
            }

            taken.Add(next);
            bytes += next.RawBytes;
        }

        return taken;
    }

    private async Task SendAsync(List<EncodedSegment> segments, CancellationToken cancellationToken)
    {
        var all = segments.Sum(static s => s.LineCount);
        var (isFailing, message) = (false, (Message?)null);
        for (var pause = options.FirstPause; ; pause = Periods.AfterAnother(pause, LongestPause))
        {
            TimeSpan? wait = null;
            try
            {
                // What is sent again is written once.
                message ??= await WithPatienceAsync(token => WriteAsync(segments, token), cancellationToken);
                (var outcome, var taken, wait) = await WithPatienceAsync(
                    token => PostAsync(message, token), cancellationToken);
                if (outcome != Outcome.Later)
                {
                    queue.Send(taken);
                    queue.Drop(all - taken);
                    return;
                }
            }
            catch (Exception failure) when (failure is HttpRequestException or LogStoreException
                || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                // Nobody knows: again.
            }

            if (!isFailing)
            {
                isFailing = true;
                LogLater(_target);
            }

            await Task.Delay(wait ?? pause, time, cancellationToken);
        }
    }

    private async Task<T> WithPatienceAsync<T>(
        Func<CancellationToken, Task<T>> act, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(options.Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        return await act(either.Token);
    }

    private async Task<Message> WriteAsync(List<EncodedSegment> segments, CancellationToken cancellationToken)
    {
        var ids = segments.SelectMany(static s => s.Streams).Distinct().ToArray();
        var streams = (await store.ReadStreamsAsync(ids, cancellationToken)).ToDictionary(static s => s.Id);
        var (request, lines) = OtlpLogs.Write(
            segments.Select(static s => LogSegment.Decode(s.Body)), streams, LogTime.Of(time.GetUtcNow()));
        return new Message(request, lines);
    }

    private async Task<(Outcome Outcome, int Taken, TimeSpan? Wait)> PostAsync(
        Message message, CancellationToken cancellationToken)
    {
        using var content = new ByteArrayContent(message.Body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-protobuf");
        using var answer = await client.PostAsync(_target, content, cancellationToken);
        return Judge(answer, message.Lines, await answer.Content.ReadAsByteArrayAsync(cancellationToken));
    }

    private (Outcome Outcome, int Taken, TimeSpan? Wait) Judge(HttpResponseMessage answer, int lines, byte[] body)
    {
        if (answer.IsSuccessStatusCode)
        {
            return (Outcome.Taken, lines - (int)Math.Clamp(OtlpAnswer.Rejected(body), 0, lines), null);
        }

        if (answer.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway
            or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout)
        {
            var wait = answer.Headers.RetryAfter?.Delta;
            return (Outcome.Later, 0, wait > LongestPause ? LongestPause : wait);
        }

        LogRefused(_target, (int)answer.StatusCode);
        return (Outcome.Refused, 0, null);
    }

    private sealed record Message(byte[] Body, int Lines);

    private enum Outcome
    {
        Taken,
        Later,
        Refused,
    }

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "{Target} takes no logs now; what comes waits, as far as it may")]
    private partial void LogLater(Uri target);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Target} refused logs: it answered {Code}")]
    private partial void LogRefused(Uri target, int code);
}
