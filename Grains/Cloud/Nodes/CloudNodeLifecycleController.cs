using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Cloud.Nodes;

/// <summary>
/// Deletes nodes whose machines the cloud no longer has, and marks those whose machines are off. A Ready node is
/// believed.
/// </summary>
public sealed partial class CloudNodeLifecycleController : IController
{
    public const string Name = "cloud-node-lifecycle-controller";

    private const string User = "node-controller";

    /// <summary>Upstream's default of <c>--node-monitor-period</c>.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    /// <summary>How long a node may be unknown to a cloud that has not described it yet.</summary>
    private static readonly TimeSpan InitializationPatience = TimeSpan.FromMinutes(1);

    private readonly ICloudInstances _instances;
    private readonly IResourceClient _client;
    private readonly EventRecorder _events;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    public CloudNodeLifecycleController(ICloudInstances instances, ReconcilingServices services)
    {
        _instances = instances;
        _client = services.Client.As(UserIdentity.Controller(User));
        _events = services.Events.For(Name, User);
        _time = services.Time;
        _logger = services.Logger<CloudNodeLifecycleController>();
    }

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Period, _time);
        do
        {
            await SweepAsync(cancellationToken);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    /// <summary>Nothing: it looks at everything every few seconds anyhow, without having heard of any change.</summary>
    public Task ResyncAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Looks at every node once.</summary>
    internal async Task SweepAsync(CancellationToken cancellationToken)
    {
        foreach (var node in await _client.ListAsync<V1Node>(ResourceOf<V1Node>.Query(), cancellationToken))
        {
            try
            {
                await LookAsync(node, cancellationToken);
            }
            catch (Exception error) when (error is CloudException or ReconcileException)
            {
                LogFailed(_logger, node.Metadata.Name, error.Message);
            }
        }
    }

    private async Task LookAsync(V1Node node, CancellationToken cancellationToken)
    {
        if (node.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true)
        {
            await SetTaintAsync(node, isShutdown: false, cancellationToken);
        }
        else if (IsAwaited(node))
        {
            return;
        }
        else if (!await _instances.ExistsAsync(node, cancellationToken))
        {
            await DeleteAsync(node, cancellationToken);
        }
        else if (await _instances.IsShutdownAsync(node, cancellationToken))
        {
            await SetTaintAsync(node, isShutdown: true, cancellationToken);
        }
    }

    private bool IsAwaited(V1Node node) =>
        string.IsNullOrEmpty(node.Spec?.ProviderID) && CloudNodePlanner.IsUninitialized(node)
        && _time.GetUtcNow().UtcDateTime - node.Metadata.CreationTimestamp < InitializationPatience;

    private async Task DeleteAsync(V1Node node, CancellationToken cancellationToken)
    {
        var name = node.Metadata.Name;
        _events.Record(EventNote.Normal(
            node, "DeletingNode", $"Deleting node {name} because it does not exist in the cloud provider"));
        var deleted = await _client.DeleteAsync(node, cancellationToken);
        if (!deleted.Succeeded && deleted.Error.Reason != StatusReasons.NotFound)
        {
            _events.Record(EventNote.Warning(
                node, "DeletingNodeFailed", $"Failed deleting node {name}: {deleted.Error.Message}"));
        }
    }

    private async Task SetTaintAsync(V1Node node, bool isShutdown, CancellationToken cancellationToken)
    {
        var written = await _client.MutateAsync<V1Node>(
            node.Key(),
            "",
            current =>
            {
                var taints = current.Spec?.Taints ?? [];
                var has = taints.Any(IsShutdown);
                if (has == isShutdown)
                {
                    return false;
                }

                current.Spec ??= new V1NodeSpec();
                current.Spec.Taints = has
                    ? [.. taints.Where(t => !IsShutdown(t))]
                    : [.. taints, new V1Taint { Key = CloudNodePlanner.ShutdownTaint, Effect = "NoSchedule" }];
                return true;
            },
            cancellationToken);
        written.ThrowIfRefused($"node {node.Metadata.Name}", StatusReasons.NotFound);
    }

    private static bool IsShutdown(V1Taint taint) =>
        taint is { Key: CloudNodePlanner.ShutdownTaint, Effect: "NoSchedule" };

    [LoggerMessage(Level = LogLevel.Warning, Message = "node {Node} and the cloud: {Error}")]
    private static partial void LogFailed(ILogger logger, string node, string error);
}
