using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Cloud.LoadBalancers;

/// <summary>
/// Keeps the load balancers of all Services. One controller and not the Services' own grains, since it talks to a cloud
/// that wants to be asked little, and whose failures must not hold up what else a Service needs.
/// </summary>
public sealed partial class ServiceLoadBalancerController : IController
{
    /// <summary>Upstream's name; also its user.</summary>
    public const string Name = "service-controller";

    /// <summary>Upstream's default of <c>--concurrent-service-syncs</c>.</summary>
    private const int Workers = 1;

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(300);

    private readonly IResourceClient _client;
    private readonly ControllersOptions _options;
    private readonly EventRecorder _events;
    private readonly ServiceBalancer _balancer;
    private readonly RetryQueue<ObjectKey> _queue;
    private readonly ILogger _logger;

    public ServiceLoadBalancerController(ILoadBalancers balancers, ReconcilingServices services)
    {
        _client = services.Client.As(UserIdentity.Controller(Name));
        _options = services.Options;
        _events = services.Events.For(Name);
        _balancer = new ServiceBalancer(balancers, _client, _events);
        _queue = new RetryQueue<ObjectKey>(FirstRetry, LongestRetry, services.Time);
        _logger = services.Logger<ServiceLoadBalancerController>();
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => Loops.RunAsync(
        [FollowServicesAsync, FollowNodesAsync, t => _queue.RunAsync(Workers, StepAsync, LogFailed, t)],
        cancellationToken);

    /// <inheritdoc/>
    public async Task ResyncAsync(CancellationToken cancellationToken)
    {
        var services = await _client.ListAsync<V1Service>(ResourceOf<V1Service>.Query(), cancellationToken);
        foreach (var key in services.Where(Concerns).Select(s => s.Key()).Union(_balancer.Known))
        {
            _queue.Add(key);
        }
    }

    private static bool Concerns(V1Service service) =>
        LoadBalancerPlanner.Wants(service) || LoadBalancerPlanner.NeedsCleanup(service);

    private async Task FollowServicesAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _client.HearAsync(WellKnown.Services, _options, cancellationToken))
        {
            Tell(change);
            if (Matters(change))
            {
                _queue.Add(change.Object.Key);
            }
        }
    }

    private void Tell(ResourceChange change)
    {
        if (change.Kind == ChangeKind.Modified && change.Previous?.As<V1Service>() is { } before
            && ServiceNews.Of(before, change.Object.As<V1Service>()) is { } news)
        {
            _events.Record(news);
        }
    }

    /// <summary>What does not concern its load balancer, such as a status, must not cut a back-off short.</summary>
    private bool Matters(ResourceChange change)
    {
        var service = change.Object.As<V1Service>();
        if (change.Kind == ChangeKind.Deleted || change.Previous?.As<V1Service>() is not { } before)
        {
            return Concerns(service) || _balancer.Known.Contains(change.Object.Key);
        }

        var wants = LoadBalancerPlanner.Wants(service);
        return LoadBalancerPlanner.NeedsCleanup(service)
            || wants != LoadBalancerPlanner.Wants(before)
            || (wants && LoadBalancerPlanner.Differs(before, service));
    }

    private async Task FollowNodesAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _client.HearAsync(WellKnown.Nodes, _options, cancellationToken))
        {
            if (LoadBalancerPlanner.Matters(
                change.Previous?.As<V1Node>(),
                change.Kind == ChangeKind.Deleted ? null : change.Object.As<V1Node>()))
            {
                AddAll(_balancer.Known);
            }
        }
    }

    private async Task<TimeSpan?> StepAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        try
        {
            if (await _balancer.StepAsync(key, cancellationToken) == BalancerStep.Delete)
            {
                // What it gave back may be what others wait for.
                AddAll(_balancer.Failed);
            }

            return null;
        }
        catch (CloudException error) when (error.RetryAfter is { } after)
        {
            LogFailed(key, error);
            return after;
        }
    }

    private void AddAll(IEnumerable<ObjectKey> keys)
    {
        foreach (var key in keys)
        {
            _queue.Add(key);
        }
    }

    private void LogFailed(ObjectKey key, Exception error) => LogFailed(_logger, key, error.Message);

    [LoggerMessage(Level = LogLevel.Warning, Message = "load balancer of service {Key}: {Error}; it is tried again")]
    private static partial void LogFailed(ILogger logger, ObjectKey key, string error);
}
