using k8s.Models;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.ResourceQuotas;

/// <summary>Counts anew what is used of one quota: charges are made by admission, and given back here.</summary>
public sealed class ResourceQuotaReconciler : IObjectReconciler
{
    /// <summary>Upstream's name; also the user of all that it writes.</summary>
    public const string Controller = "resourcequota-controller";

    private readonly ObjectKey _key;
    private readonly IResourceClient _client;
    private readonly ReconcilingServices _services;

    public ResourceQuotaReconciler(ObjectKey key, ReconcilingServices services)
    {
        _key = key;
        _client = services.Client.As(UserIdentity.Controller(Controller));
        _services = services;
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        // The quota is read before what it bounds: what is charged meanwhile makes the write a conflict.
        var read = await _client.GetAsync<V1ResourceQuota>(_key, ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"resourcequota {_key}") is not { } quota)
        {
            return ReconcileResult.Done;
        }

        var devices = await ReadDevicesAsync(quota, cancellationToken);
        var contents = new List<QuotaContent>();
        foreach (var kind in _services.Resources.Kinds.Where(
            k => ResourceQuotaPlanner.IsCounted(k) && ResourceQuotaPlanner.Bounds(quota, k.Name, devices)))
        {
            contents.Add(await ReadAsync(kind, cancellationToken));
        }

        if (ResourceQuotaPlanner.Compute(quota, contents, _services.Time.GetUtcNow(), devices) is { } status)
        {
            await WriteAsync(quota, status, cancellationToken);
        }

        return ReconcileResult.Done;
    }

    /// <summary>Null where no claim of devices can count.</summary>
    private async Task<DeviceSurroundings?> ReadDevicesAsync(
        V1ResourceQuota quota, CancellationToken cancellationToken)
    {
        if (!ResourceQuotaPlanner.Bounds(quota, WellKnown.ResourceClaims))
        {
            return null;
        }

        var space = _key.Namespace;
        var classes = await ListAsync<V1DeviceClass>(WellKnown.DeviceClasses, "", cancellationToken);
        var pods = await ListAsync<V1Pod>(WellKnown.Pods, space, cancellationToken);
        var claims = await ListAsync<Resourcev1ResourceClaim>(WellKnown.ResourceClaims, space, cancellationToken);
        var byName = pods.ToDictionary(static p => p.Metadata.Name, StringComparer.Ordinal);
        return new DeviceSurroundings(classes, byName.GetValueOrDefault, () => claims);
    }

    private async Task<List<T>> ListAsync<T>(
        ResourceName resource, string space, CancellationToken cancellationToken)
        where T : class
    {
        var list = await _client.ListAsync(
            new ListQuery { Resource = resource, Namespace = space, Freshness = ReadFreshness.Linearizable },
            cancellationToken);
        return [.. list.Items.Select(static i => i.As<T>())];
    }

    private async Task<QuotaContent> ReadAsync(ResourceKind kind, CancellationToken cancellationToken)
    {
        var list = await _client.ListAsync(
            new ListQuery { Resource = kind.Name, Namespace = _key.Namespace, Freshness = ReadFreshness.Linearizable },
            cancellationToken);
        return new QuotaContent(kind.Name, list.Items.Select(kind.Stored.Codec.Share));
    }

    private async Task WriteAsync(
        V1ResourceQuota quota, V1ResourceQuotaStatus status, CancellationToken cancellationToken)
    {
        var written = await _client.UpdateStatusAsync(quota with { Status = status }, cancellationToken);
        written.ThrowIfRefused($"status of resourcequota {_key}", StatusReasons.NotFound);
    }
}
