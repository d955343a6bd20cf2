using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansOrchestrator.Api.Kubelet;

namespace OrleansOrchestrator.Api.Figures;

/// <summary>Asks one pod for its figures, as a proxied request would: without credentials, at its address.</summary>
internal sealed partial class PodScraper(
    ProxyConnections connections, IOptions<FigureOptions> options, TimeProvider time, ILogger<PodScraper> logger)
{
    private const string Accept = "text/plain;version=0.0.4";

    /// <summary>What it tells; nothing when it does not answer.</summary>
    public async Task<PodScrape> AskAsync(ScrapeTarget target, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        using var limit = new CancellationTokenSource(options.Value.Timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, target.Address);
            request.Headers.TryAddWithoutValidation("Accept", Accept);
            using var response = await connections.Invoker.SendAsync(request, both.Token);
            var text = response.IsSuccessStatusCode ? await ReadAsync(response, both.Token) : null;
            return text is null ? PodScrape.Nothing(now) : PodScrape.Read(text, now, options.Value.MaxSeries);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException
            || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogNoAnswer(target.Key.ToString(), failure.Message);
            return PodScrape.Nothing(now);
        }
    }

    private async Task<string?> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var text = new byte[options.Value.MaxAnswerBytes + 1];
        var length = await body.ReadAtLeastAsync(text, text.Length, throwOnEndOfStream: false, cancellationToken);
        return length == text.Length ? null : Encoding.UTF8.GetString(text, 0, length);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "pod {Pod} does not tell its figures: {Reason}")]
    private partial void LogNoAnswer(string pod, string reason);
}
