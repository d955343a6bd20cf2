using k8s.Models;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Networking.ServiceCidrs;

/// <summary>Protects one ServiceCIDR while Services have addresses of it, and says whether it is ready.</summary>
public sealed class ServiceCidrReconciler : IObjectReconciler
{
    /// <summary>Upstream's name; also the user of all that it writes.</summary>
    public const string Controller = "service-cidrs-controller";

    public const string Finalizer = "networking.k8s.io/service-cidr-finalizer";

    private readonly ObjectKey _key;
    private readonly IResourceClient _client;
    private readonly TimeProvider _time;

    public ServiceCidrReconciler(ObjectKey key, ReconcilingServices services)
    {
        _key = key;
        _client = services.Client.As(UserIdentity.Controller(Controller));
        _time = services.Time;
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync<V1ServiceCIDR>(_key, ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"servicecidr {_key.Name}") is not { } range)
        {
            return ReconcileResult.Done;
        }

        var plan = ServiceCidrPlanner.Compute(
            await ObserveAsync(range, cancellationToken), _time.GetUtcNow());
        await Protection.ApplyAsync(_client, range, Finalizer, plan.IsHeld, cancellationToken);
        if (plan.Condition is { } condition)
        {
            await SayAsync(range, condition, cancellationToken);
        }

        return new ReconcileResult(plan.Wait);
    }

    private async Task<ServiceCidrObserved> ObserveAsync(V1ServiceCIDR range, CancellationToken cancellationToken)
    {
        if (range.Metadata.DeletionTimestamp is null)
        {
            return new ServiceCidrObserved { Range = range };
        }

        var all = await _client.ListAsync<V1ServiceCIDR>(
            ResourceOf<V1ServiceCIDR>.Query() with { Freshness = ReadFreshness.Linearizable }, cancellationToken);
        var addresses = await _client.ListAsync<V1IPAddress>(
            ResourceOf<V1IPAddress>.Query() with { Freshness = ReadFreshness.Linearizable }, cancellationToken);
        return new ServiceCidrObserved { Range = range, All = all, Addresses = addresses };
    }

    private async Task SayAsync(V1ServiceCIDR range, V1Condition condition, CancellationToken cancellationToken)
    {
        var applied = new V1ServiceCIDR
        {
            ApiVersion = ResourceOf<V1ServiceCIDR>.ApiVersion,
            Kind = ResourceOf<V1ServiceCIDR>.Kind,
            Metadata = new V1ObjectMeta { Name = _key.Name, Uid = range.Metadata.Uid },
            Status = new V1ServiceCIDRStatus { Conditions = [condition] },
        };
        var written = await _client.PatchAsync(
            new PatchRequest
            {
                Resource = WellKnown.ServiceCidrs, Key = _key, Subresource = "status", Kind = PatchKind.Apply,
                FieldManager = Controller, Patch = ResourceCodec.Encode(applied),
            },
            cancellationToken);
        written.ThrowIfRefused($"condition of servicecidr {_key.Name}", StatusReasons.NotFound);
    }
}
