using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Cloud.Nodes;

/// <summary>
/// Puts what the cloud knows of a machine on its node: once when the node is new, and its addresses from time to time.
/// </summary>
public sealed partial class CloudNodeController : IController
{
    public const string Name = "cloud-node-controller";

    private const string User = "node-controller";

    /// <summary>Upstream's default of <c>--concurrent-node-syncs</c>.</summary>
    private const int Workers = 1;

    /// <summary>Upstream's default of <c>--node-status-update-frequency</c>.</summary>
    private static readonly TimeSpan UpdatePeriod = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(1000);

    private readonly ICloudInstances _instances;
    private readonly IResourceClient _client;
    private readonly EventRecorder _events;
    private readonly ReconcilingServices _services;
    private readonly RetryQueue<string> _queue;
    private readonly ILogger _logger;

    public CloudNodeController(ICloudInstances instances, ReconcilingServices services)
    {
        _instances = instances;
        _client = services.Client.As(UserIdentity.Controller(User));
        _events = services.Events.For(Name, User);
        _services = services;
        _queue = new RetryQueue<string>(FirstRetry, LongestRetry, services.Time);
        _logger = services.Logger<CloudNodeController>();
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => Loops.RunAsync(
        [FollowAsync, TickAsync, t => _queue.RunAsync(Workers, WorkAsync, LogFailed, t)], cancellationToken);

    /// <inheritdoc/>
    public async Task ResyncAsync(CancellationToken cancellationToken)
    {
        foreach (var node in await _client.ListAsync<V1Node>(ResourceOf<V1Node>.Query(), cancellationToken))
        {
            if (CloudNodePlanner.IsUninitialized(node))
            {
                _queue.Add(node.Metadata.Name);
            }
        }
    }

    /// <summary>Initializes a node that is not yet.</summary>
    internal async Task InitializeAsync(string name, CancellationToken cancellationToken)
    {
        var key = new ObjectKey("", name);
        var read = await _client.GetAsync<V1Node>(key, ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"node {name}") is not { } found || !CloudNodePlanner.IsUninitialized(found))
        {
            return;
        }

        var instance = await DescribeAsync(found, cancellationToken);
        if (instance is null)
        {
            return;
        }

        string? problem = null;
        var written = await _client.MutateAsync<V1Node>(
            key,
            "",
            node => node.Metadata.Uid == found.Metadata.Uid && CloudNodePlanner.IsUninitialized(node)
                && (problem = CloudNodePlanner.Initialize(node, instance)) is null,
            cancellationToken);
        if (problem is not null)
        {
            throw new CloudException(problem);
        }

        Expect(key, written);
        if (written.Succeeded)
        {
            await SetAddressesAsync(written.Value.As<V1Node>(), instance, cancellationToken);
            _events.Record(EventNote.Normal(found, "Synced", "Node synced successfully"));
        }
    }

    /// <summary>Brings the addresses and labels of all nodes up to date.</summary>
    internal async Task UpdateAsync(CancellationToken cancellationToken)
    {
        foreach (var node in await _client.ListAsync<V1Node>(ResourceOf<V1Node>.Query(), cancellationToken))
        {
            try
            {
                if (!CloudNodePlanner.IsUninitialized(node)
                    && await _instances.DescribeAsync(node, cancellationToken) is { } instance)
                {
                    await SetAddressesAsync(node, instance, cancellationToken);
                }

                Expect(node.Key(), await _client.MutateAsync<V1Node>(
                    node.Key(), "", CloudNodePlanner.ReconcileLabels, cancellationToken));
            }
            catch (Exception error) when (error is CloudException or ReconcileException)
            {
                LogFailed(node.Metadata.Name, error);
            }
        }
    }

    private async Task<CloudInstance?> DescribeAsync(V1Node node, CancellationToken cancellationToken)
    {
        try
        {
            return await _instances.DescribeAsync(node, cancellationToken);
        }
        catch (CloudException error)
        {
            throw new CloudException(
                $"failed to get instance metadata for node {node.Metadata.Name}: {error.Message}", error.RetryAfter);
        }
    }

    private async Task SetAddressesAsync(V1Node node, CloudInstance instance, CancellationToken cancellationToken)
    {
        if (instance.Addresses.Count == 0)
        {
            return;
        }

        Expect(node.Key(), await _client.MutateAsync<V1Node>(
            node.Key(),
            "status",
            current =>
            {
                current.Status ??= new V1NodeStatus();
                if (CloudNodePlanner.Addresses(current, instance) is not { } addresses
                    || !CloudNodePlanner.Differ(current.Status.Addresses, addresses))
                {
                    return false;
                }

                current.Status.Addresses = [.. addresses];
                return true;
            },
            cancellationToken));
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _client.HearAsync(WellKnown.Nodes, _services.Options, cancellationToken))
        {
            if (change.Kind != ChangeKind.Deleted && CloudNodePlanner.IsUninitialized(change.Object.As<V1Node>()))
            {
                _queue.Add(change.Object.Key.Name);
            }
        }
    }

    private async Task TickAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(UpdatePeriod, _services.Time);
        do
        {
            await UpdateAsync(cancellationToken);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private async Task<TimeSpan?> WorkAsync(string name, CancellationToken cancellationToken)
    {
        await InitializeAsync(name, cancellationToken);
        return null;
    }

    private static void Expect(ObjectKey key, Outcome<ResourceObject> outcome) =>
        outcome.ThrowIfRefused($"node {key.Name}", StatusReasons.NotFound);

    private void LogFailed(string node, Exception error) => LogFailed(_logger, node, error.Message);

    [LoggerMessage(Level = LogLevel.Warning, Message = "node {Node} and the cloud: {Error}")]
    private static partial void LogFailed(ILogger logger, string node, string error);
}
