using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>Servers of aggregated APIs, as a test wants them.</summary>
internal sealed class FakeApis : IAggregatedApis
{
    /// <summary>Why they do not answer; null when they do.</summary>
    public string? Failure { get; set; }

    /// <summary>Who was asked.</summary>
    public List<AggregatedApi> Asked { get; } = [];

    /// <summary>What they serve.</summary>
    public AggregatedDiscovery Discovered { get; set; } = AggregatedDiscovery.Nothing;

    /// <summary>What they answer.</summary>
    public Func<AggregatedRequest, Outcome<ReadOnlyMemory<byte>>> Answer { get; set; } =
        static _ => new Status { Code = 404, Reason = "", Message = "none" };

    public ValueTask<string?> CheckAsync(AggregatedApi api, CancellationToken cancellationToken)
    {
        Asked.Add(api);
        return ValueTask.FromResult(Failure);
    }

    public ValueTask<AggregatedDiscovery> DiscoverAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult(Discovered);

    public ValueTask<Outcome<ReadOnlyMemory<byte>>> SendAsync(
        AggregatedRequest request, CancellationToken cancellationToken) => ValueTask.FromResult(Answer(request));
}
