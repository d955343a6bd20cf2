using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Metrics;

namespace OrleansOrchestrator.Grains.Metrics;

/// <summary>
/// Asks the nodes, round by round, and gives each round to whoever waits, and to the history. Its loop runs on the
/// thread pool. Where it is lost, the next call makes it live elsewhere: the rounds between are missing. Should two
/// activations exist for a moment, the number of the round keeps the history from having it twice.
/// </summary>
[GrainType("usage")]
public sealed class UsageGrain : Grain, IUsageGrain
{
    /// <summary>Less than a call may take.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);

    private readonly UsageCollector _collector;
    private readonly TimeProvider _time;
    private readonly BackgroundWork _work;

    public UsageGrain(IServiceProvider services, TimeProvider time)
    {
        _collector = ActivatorUtilities.CreateInstance<UsageCollector>(services);
        _time = time;
        _work = new BackgroundWork(time);
    }

    /// <inheritdoc/>
    public async Task<UsageRound?> NextAsync(long afterSlot, CancellationToken cancellationToken)
    {
        _work.TryStart(_collector.RunAsync);
        using var limit = new CancellationTokenSource(LongestWait, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(
            limit.Token, cancellationToken, _work.Stopping);
        try
        {
            return await _collector.NextAsync(afterSlot, both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        _work.StopAsync(StopLimit, cancellationToken);
}
