using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Cloud.Routes;

/// <summary>
/// Keeps the cloud's routes to the pods of all nodes, and says on the nodes whether theirs are there.
/// </summary>
public sealed partial class RouteController : IController
{
    public const string Name = "route-controller";

    /// <summary>The name under which upstream's events come.</summary>
    private const string Component = "route_controller";

    private const int MaxParallel = 200;

    /// <summary>Upstream's default of <c>--route-reconciliation-period</c>.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private readonly ICloudRoutes _routes;
    private readonly IResourceClient _client;
    private readonly EventRecorder _events;
    private readonly TimeProvider _time;
    private readonly IReadOnlyList<IPNetwork> _networks;
    private readonly ILogger _logger;

    public RouteController(ICloudRoutes routes, ReconcilingServices services)
    {
        _routes = routes;
        _client = services.Client.As(UserIdentity.Controller(Name));
        _events = services.Events.For(Component, Name);
        _time = services.Time;
        _networks = [.. services.Options.PodNetworks.Select(n => n.Network)];
        _logger = services.Logger<RouteController>();
    }

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Period, _time);
        do
        {
            try
            {
                await StepAsync(cancellationToken);
            }
            catch (Exception error) when (error is CloudException or ReconcileException)
            {
                LogFailed(_logger, error.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    /// <summary>Nothing: it looks at everything every few seconds anyhow, without having heard of any change.</summary>
    public Task ResyncAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Brings all routes to where they must be, as far as the cloud lets it.</summary>
    internal async Task StepAsync(CancellationToken cancellationToken)
    {
        var nodes = await _client.ListAsync<V1Node>(ResourceOf<V1Node>.Query(), cancellationToken);
        var routes = await ListAsync(cancellationToken);
        var plan = RoutePlanner.Compute(nodes, routes, _networks);
        var limit = new ParallelOptions { MaxDegreeOfParallelism = MaxParallel, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(plan.Delete, limit, async (route, token) => await TryAsync(
            () => _routes.DeleteAsync(route, token),
            error => LogFailed(_logger, $"Could not delete route {route.Name} {route.Destination}: {error}")));
        var failed = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(plan.Create, limit, async (wanted, token) =>
        {
            var started = _time.GetTimestamp();
            await TryAsync(
                () => _routes.CreateAsync(wanted.Node.Metadata.Uid, wanted.Route, token),
                error =>
                {
                    failed[wanted.Node.Metadata.Name] = true;
                    TellFailed(wanted, _time.GetElapsedTime(started), error);
                });
        });

        // A node without a network of its own is none of ours, unless the cloud has a route to it.
        var targets = routes.Select(static r => r.TargetNode).ToHashSet(StringComparer.Ordinal);
        var failures = new Failures();
        foreach (var node in nodes.Where(n => HasNetwork(n) || targets.Contains(n.Metadata.Name)))
        {
            var isReached = HasNetwork(node) && !failed.ContainsKey(node.Metadata.Name);
            await failures.TryAsync(() => SetConditionAsync(node, isReached, cancellationToken));
        }

        failures.ThrowIfAny();
    }

    private void TellFailed(WantedRoute wanted, TimeSpan took, string error)
    {
        var (node, destination) = (wanted.Node, wanted.Route.Destination);
        _events.Record(EventNote.Warning(
            node,
            "FailedToCreateRoute",
            $"Could not create route {node.Metadata.Uid} {destination} for node {node.Metadata.Name} after "
                + $"{GoDuration.Format(took)}: {error}"));
    }

    private static bool HasNetwork(V1Node node) => node.Spec?.PodCIDRs is { Count: > 0 };

    private async Task<IReadOnlyList<CloudRoute>> ListAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _routes.ListAsync(cancellationToken);
        }
        catch (CloudException error)
        {
            throw new CloudException($"error listing routes: {error.Message}");
        }
    }

    private static async Task TryAsync(Func<Task> work, Action<string> failed)
    {
        try
        {
            await work();
        }
        catch (CloudException error)
        {
            failed(error.Message);
        }
    }

    private async Task SetConditionAsync(V1Node node, bool hasRoutes, CancellationToken cancellationToken)
    {
        if (RoutePlanner.Condition(node, hasRoutes, _time.GetUtcNow()) is not { } condition)
        {
            return;
        }

        var patch = new JsonObject
        {
            ["status"] = new JsonObject
            {
                ["conditions"] = new JsonArray(JsonNode.Parse(ResourceCodec.Encode(condition))),
            },
        };
        var written = await _client.PatchStatusAsync<V1Node>(node.Key(), patch, cancellationToken);
        written.ThrowIfRefused($"node {node.Metadata.Name}", StatusReasons.NotFound);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "routes of the cloud: {Error}")]
    private static partial void LogFailed(ILogger logger, string error);
}
