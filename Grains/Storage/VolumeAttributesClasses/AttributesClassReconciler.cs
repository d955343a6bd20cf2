using k8s.Models;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Storage.VolumeAttributesClasses;

/// <summary>Protects a class that a volume has, or that a claim has or wants.</summary>
public sealed class AttributesClassReconciler(ObjectKey key, ReconcilingServices services) : IObjectReconciler
{
    private const string Finalizer = "kubernetes.io/vac-protection";

    private readonly IResourceClient _client =
        services.Client.As(UserIdentity.Controller("volumeattributesclass-protection-controller"));

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync<V1VolumeAttributesClass>(key, ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"volumeattributesclass {key.Name}") is { } item)
        {
            var isUsed = Protection.IsHeld(item, Finalizer) && await IsUsedAsync(cancellationToken);
            await Protection.ApplyAsync(_client, item, Finalizer, isUsed, cancellationToken);
        }

        return ReconcileResult.Done;
    }

    private async Task<bool> IsUsedAsync(CancellationToken cancellationToken)
    {
        foreach (var resource in new[] { WellKnown.PersistentVolumes, WellKnown.PersistentVolumeClaims })
        {
            var users = await _client.ListAsync(
                new ListQuery { Resource = resource, Freshness = ReadFreshness.Linearizable }, cancellationToken);
            if (users.Items.Any(i => AttributesClassWakes.Named(i, resource).Contains(key.Name)))
            {
                return true;
            }
        }

        return false;
    }
}
