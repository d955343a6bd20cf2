using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.DynamicResources.Claims;

/// <summary>Takes a ResourceClaim from pods that need it no more, and lets it go when nobody does.</summary>
public sealed class ResourceClaimReconciler(ObjectKey key, ReconcilingServices services) : IObjectReconciler
{
    private readonly IResourceClient _client =
        services.Client.As(UserIdentity.Controller(PodResourceClaims.Controller));

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync<Resourcev1ResourceClaim>(key, ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"resource claim {key}") is not { } claim)
        {
            return ReconcileResult.Done;
        }

        var plan = ResourceClaimPlanner.Compute(claim, await PodsAsync(claim, cancellationToken));
        if (plan.Status is { } status)
        {
            // The lock on the version: a pod may just have been given the claim.
            var written = await _client.UpdateStatusAsync(claim with { Status = status }, cancellationToken);
            Expect(written);
            if (plan.Releases && written.Succeeded)
            {
                await ReleaseAsync(written.Value, cancellationToken);
            }
        }
        else if (plan.Releases)
        {
            Expect(await _client.MutateAsync<Resourcev1ResourceClaim>(key, "", Release, cancellationToken));
        }

        if (plan.IsUnused)
        {
            Expect(await _client.DeleteAsync(claim, cancellationToken));
        }

        return ReconcileResult.Done;
    }

    /// <summary>
    /// Exactly what was just written, for a cache may not know of it yet; and afterwards nothing says any more that the
    /// claim is to be released.
    /// </summary>
    private async Task ReleaseAsync(ResourceObject written, CancellationToken cancellationToken)
    {
        var copy = written.Clone<Resourcev1ResourceClaim>();
        if (Release(copy))
        {
            Expect(await _client.UpdateAsync(copy, cancellationToken));
        }
    }

    /// <summary>False when it has been allocated anew meanwhile.</summary>
    private static bool Release(Resourcev1ResourceClaim claim) => claim.Status?.Allocation is null
        && claim.Metadata.Finalizers?.Remove(ResourceClaimPlanner.Finalizer) == true;

    private async Task<Dictionary<string, V1Pod>> PodsAsync(
        Resourcev1ResourceClaim claim, CancellationToken cancellationToken)
    {
        var pods = new Dictionary<string, V1Pod>(StringComparer.Ordinal);
        foreach (var name in ResourceClaimPlanner.Pods(claim))
        {
            var pod = await _client.GetAsync<V1Pod>(
                new ObjectKey(key.Namespace, name), ReadFreshness.Linearizable, cancellationToken);
            if (pod.OrNull($"pod {name} of resource claim {key}") is { } found)
            {
                pods[name] = found;
            }
        }

        return pods;
    }

    private void Expect(Outcome<ResourceObject> outcome) =>
        outcome.ThrowIfRefused($"resource claim {key}", StatusReasons.NotFound);
}
