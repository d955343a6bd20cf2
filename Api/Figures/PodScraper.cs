using System.Collections.Frozen;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansOrchestrator.Api.Kubelet;

namespace OrleansOrchestrator.Api.Figures;

/// <summary>Asks one pod for its figures, as a proxied request would: without credentials, at its address.</summary>
internal sealed partial class PodScraper(
    ProxyConnections connections, IOptions<FigureOptions> options, TimeProvider time, ILogger<PodScraper> logger)
{
    private const string Accept = "text/plain;version=0.0.4";

    /// <summary>What it tells of some figures; null when it does not answer, or tells too much.</summary>
    public async Task<PodScrape?> AskAsync(
        ScrapeTarget target, FrozenSet<string> figures, CancellationToken cancellationToken)
    {
        var (now, moment) = (time.GetUtcNow(), time.GetElapsedTime(0));
        using var limit = new CancellationTokenSource(options.Value.Timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, target.Address);
            request.Headers.TryAddWithoutValidation("Accept", Accept);
            using var response = await connections.Invoker.SendAsync(request, both.Token);
            if (!response.IsSuccessStatusCode)
            {
                LogNoAnswer(target.Key.ToString(), FormattableString.Invariant($"HTTP {(int)response.StatusCode}"));
                return null;
            }

            await using var body = await response.Content.ReadAsStreamAsync(both.Token);
            if (await FigureText.ReadAsync(body, figures, options.Value, both.Token) is { } samples)
            {
                return PodScrape.Of(samples, figures, now, moment);
            }

            LogNoAnswer(target.Key.ToString(), "it tells too much");
            return null;
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException
            || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogNoAnswer(target.Key.ToString(), failure.Message);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "pod {Pod} does not tell its figures: {Reason}")]
    private partial void LogNoAnswer(string pod, string reason);
}
