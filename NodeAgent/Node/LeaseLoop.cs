using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>Renews the node's Lease: the sign of life by which the cluster judges this node.</summary>
public sealed partial class LeaseLoop(
    NodeAgentOptions options, IClusterApi api, NodeObject node, TimeProvider time, ILogger<LeaseLoop> logger)
    : BackgroundService
{
    internal const int DurationSeconds = 40;
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan MaxRetry = TimeSpan.FromSeconds(7);

    private V1Lease? _lease;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var retry = Retry;
        while (!stoppingToken.IsCancellationRequested)
        {
            var delay = Renewal;
            try
            {
                await RenewAsync(stoppingToken);
                retry = Retry;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogFailed(options.NodeName, exception.Message);
                _lease = null; // read it anew: it may have been changed or deleted
                delay = retry;
                retry = retry * 2 < MaxRetry ? retry * 2 : MaxRetry;
            }

            await Task.Delay(delay, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        _lease ??= await api.GetLeaseAsync(options.NodeName, cancellationToken) ?? NewLease();
        _lease.Spec.HolderIdentity = options.NodeName;
        _lease.Spec.LeaseDurationSeconds = DurationSeconds;
        _lease.Spec.RenewTime = time.GetUtcNow().UtcDateTime;
        if (_lease.Metadata.OwnerReferences is not { Count: > 0 } && node.Current is { } owner)
        {
            _lease.Metadata.OwnerReferences =
            [
                new V1OwnerReference { ApiVersion = "v1", Kind = "Node", Name = owner.Metadata.Name, Uid = owner.Metadata.Uid },
            ];
        }

        _lease = await api.WriteLeaseAsync(_lease, cancellationToken);
    }

    private V1Lease NewLease() => new()
    {
        ApiVersion = "coordination.k8s.io/v1",
        Kind = "Lease",
        Metadata = new V1ObjectMeta { Name = options.NodeName },
        Spec = new V1LeaseSpec(),
    };

    [LoggerMessage(1, LogLevel.Warning, "Lease of node {Name} could not be renewed: {Problem}")]
    private partial void LogFailed(string name, string problem);
}
