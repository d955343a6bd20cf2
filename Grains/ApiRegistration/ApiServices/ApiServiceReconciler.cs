using k8s.Models;
using OrleansOrchestrator.Grains.Discovery;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.ApiRegistration.ApiServices;

/// <summary>
/// Says of one APIService whether its server can be reached. That depends on more than objects tell, so a server is
/// asked again and again, the sooner the newer its failure is.
/// </summary>
public sealed class ApiServiceReconciler : IObjectReconciler
{
    /// <summary>Upstream's name of the controller.</summary>
    public const string Controller = "apiservice-status-available-controller";

    /// <summary>Upstream's period.</summary>
    private static readonly TimeSpan CheckPeriod = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(500);

    private readonly ObjectKey _key;
    private readonly ReconcilingServices _services;
    private readonly IResourceClient _client;
    private TimeSpan _retry = FirstRetry;

    public ApiServiceReconciler(ObjectKey key, ReconcilingServices services)
    {
        _key = key;
        _services = services;
        _client = services.Client.As(UserIdentity.ApiServer);
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync<V1APIService>(_key, ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"APIService {_key.Name}") is not { } entry)
        {
            return ReconcileResult.Done;
        }

        var spec = entry.Spec;
        var found = spec.Service is { } service
            ? await CheckAsync(spec, service, cancellationToken)
            : AvailabilityPlanner.Local;
        var isLost = false;
        var written = await _client.MutateAsync<V1APIService>(
            _key,
            "status",
            item =>
            {
                isLost = AvailabilityPlanner.IsAvailable(item) && !found.IsAvailable;
                return item.Metadata.Uid == entry.Metadata.Uid
                    && (item.Spec.Service is null) == (spec.Service is null)
                    && AvailabilityPlanner.Say(item, found, _services.Time.GetUtcNow());
            },
            cancellationToken);
        if (written.Succeeded && isLost)
        {
            ApiServiceMeter.Lost(_key.Name, found.Reason);
        }

        written.ThrowIfRefused($"condition of APIService {_key.Name}", StatusReasons.NotFound, StatusReasons.Conflict);

        return spec.Service is null ? ReconcileResult.Done : ReconcileResult.Again(NextLook(found));
    }

    private async Task<Availability> CheckAsync(
        V1APIServiceSpec spec, Apiregistrationv1ServiceReference wanted, CancellationToken cancellationToken)
    {
        var key = new ObjectKey(wanted.NamespaceProperty, wanted.Name);
        var service = await _client.GetAsync<V1Service>(key, ReadFreshness.Linearizable, cancellationToken);
        service.ThrowIfRefused($"service of APIService {_key.Name}", StatusReasons.NotFound);
        var slices = service.Succeeded
            ? await _client.ListAsync<V1EndpointSlice>(
                ResourceOf<V1EndpointSlice>.Query(key.Namespace) with
                {
                    LabelSelector = $"{SliceRules.ServiceNameLabel}={key.Name}",
                    Freshness = ReadFreshness.Linearizable,
                },
                cancellationToken)
            : [];
        if (AvailabilityPlanner.Look(wanted, service.Succeeded ? service.Value : null, slices) is { } wrong)
        {
            return wrong;
        }

        var api = new AggregatedApi(spec.Group ?? "", spec.Version, key, wanted.Port ?? WebhookService.DefaultPort);
        return await _services.Aggregation.CheckAsync(api, cancellationToken) is { } why
            ? AvailabilityPlanner.Failed(why)
            : AvailabilityPlanner.Passed;
    }

    private TimeSpan NextLook(Availability found)
    {
        if (found.Reason != "FailedDiscoveryCheck")
        {
            _retry = FirstRetry;
            return CheckPeriod;
        }

        var next = _retry;
        _retry = next * 2 < CheckPeriod ? next * 2 : CheckPeriod;
        return next;
    }
}
