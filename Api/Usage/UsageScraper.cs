using System.Collections.Concurrent;
using System.Text;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansOrchestrator.Api.Kubelet;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Usage;

/// <summary>Asks every node for its figures, round by round.</summary>
internal sealed partial class UsageScraper(
    ObjectReader reader, NodeConnections nodes, UsageStore store, IOptions<UsageOptions> options, TimeProvider time,
    ILogger<UsageScraper> logger)
    : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.Period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await TryRoundAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The silo stops.
        }
    }

    private async Task TryRoundAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RoundAsync(cancellationToken);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            LogRoundFailed(failure);
        }
    }

    private async Task RoundAsync(CancellationToken cancellationToken)
    {
        var all = await reader.ListAsync<V1Node>(WellKnown.Nodes, "", cancellationToken);
        var hollow = all.Where(IsHollow).Select(static n => n.Metadata.Name).ToHashSet(StringComparer.Ordinal);
        var answers = new ConcurrentBag<NodeScrape>();
        await Parallel.ForEachAsync(
            all.Where(static n => !IsHollow(n)).Select(static n => n.Metadata.Name),
            new ParallelOptions
            {
                MaxDegreeOfParallelism = options.Value.Parallelism, CancellationToken = cancellationToken,
            },
            async (node, token) =>
            {
                if (await AskAsync(node, token) is { } answer)
                {
                    answers.Add(answer);
                }
            });
        store.Take([.. answers], hollow, options.Value.Period);
    }

    private static bool IsHollow(V1Node node) =>
        node.Spec?.ProviderID?.StartsWith(HollowUsage.Provider, StringComparison.Ordinal) == true;

    /// <summary>A node's figures; null when it does not answer.</summary>
    private async Task<NodeScrape?> AskAsync(string node, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.Value.Timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var address = await nodes.AddressAsync(node, both.Token);
            if (!address.Succeeded)
            {
                return null;
            }

            var invoker = await nodes.InvokerAsync(node, both.Token);
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address.Value, "/metrics/resource"));
            using var response = await invoker.SendAsync(request, both.Token);
            var text = response.IsSuccessStatusCode ? await ReadAsync(response, both.Token) : null;
            return text is null ? null : NodeScrape.Read(node, text, time.GetUtcNow());
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException
            || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogNoAnswer(node, failure.Message);
            return null;
        }
    }

    private async Task<string?> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var text = new MemoryStream();
        var part = new byte[64 * 1024];
        while (await body.ReadAsync(part, cancellationToken) is > 0 and var count)
        {
            if (text.Length + count > options.Value.MaxAnswerBytes)
            {
                return null;
            }

            text.Write(part, 0, count);
        }

        return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "asking the nodes for their figures failed")]
    private partial void LogRoundFailed(Exception failure);

    [LoggerMessage(Level = LogLevel.Debug, Message = "node {Node} does not tell its figures: {Reason}")]
    private partial void LogNoAnswer(string node, string reason);
}
