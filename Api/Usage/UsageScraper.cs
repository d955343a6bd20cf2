using System.Collections.Concurrent;
using System.Text;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansOrchestrator.Api.Kubelet;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Hollow;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Metrics;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Usage;

/// <summary>Asks every node for its figures.</summary>
internal sealed partial class UsageScraper(
    ObjectReader reader, NodeConnections nodes, IOptions<UsageOptions> options, TimeProvider time,
    ILogger<UsageScraper> logger)
    : IUsageSource
{
    private readonly PodTraits _traits = new(reader);

    /// <inheritdoc/>
    public async Task<UsageRound> AskAsync(long slot, CancellationToken cancellationToken)
    {
        var all = await reader.ListAsync<V1Node>(WellKnown.Nodes, "", cancellationToken);
        var answers = new ConcurrentBag<UsageSample>();
        await Parallel.ForEachAsync(
            all.Where(static n => !IsHollow(n)).Select(static n => n.Metadata.Name),
            new ParallelOptions
            {
                MaxDegreeOfParallelism = options.Value.Parallelism, CancellationToken = cancellationToken,
            },
            async (node, token) =>
            {
                foreach (var sample in await AskAsync(node, token))
                {
                    answers.Add(sample);
                }
            });
        string[] hollow = [.. all.Where(IsHollow).Select(static n => n.Metadata.Name)];
        var pods = await reader.SnapshotAsync(WellKnown.Pods, ReadFreshness.Cached, cancellationToken);
        return new UsageRound
        {
            Slot = slot,
            Samples = await _traits.AddAsync(
                [.. answers, .. HollowSamples.Make(hollow, pods, time.GetUtcNow())], pods, cancellationToken),
            Hollow = hollow,
        };
    }

    private static bool IsHollow(V1Node node) => HollowNodes.IsHollow(node.Spec?.ProviderID);

    /// <summary>A node's figures; none when it does not answer.</summary>
    private async Task<IReadOnlyCollection<UsageSample>> AskAsync(string node, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.Value.Timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var address = await nodes.AddressAsync(node, both.Token);
            if (!address.Succeeded)
            {
                return [];
            }

            var invoker = await nodes.InvokerAsync(node, both.Token);
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address.Value, NodeScrape.Path));
            using var response = await invoker.SendAsync(request, both.Token);
            var text = response.IsSuccessStatusCode ? await ReadAsync(response, both.Token) : null;
            return text is null ? [] : NodeScrape.Read(node, text, time.GetUtcNow());
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException
            || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogNoAnswer(node, failure.Message);
            return [];
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

    [LoggerMessage(Level = LogLevel.Debug, Message = "node {Node} does not tell its figures: {Reason}")]
    private partial void LogNoAnswer(string node, string reason);
}
