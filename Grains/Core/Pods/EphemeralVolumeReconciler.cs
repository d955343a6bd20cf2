using k8s.Models;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Pods;

/// <summary>Makes the claims of a pod's generic ephemeral volumes; as the pod owns them, they go with it.</summary>
public sealed class EphemeralVolumeReconciler(ObjectKey key, ReconcilingServices services) : IObjectReconciler
{
    private readonly IResourceClient _client =
        services.Client.As(UserIdentity.Controller("ephemeral-volume-controller"));

    private readonly EventRecorder _events = services.Events.For("ephemeral_volume", "ephemeral-volume-controller");

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync<V1Pod>(key, ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"ephemeral volumes of pod {key}") is not { Metadata.DeletionTimestamp: null } pod)
        {
            return ReconcileResult.Done;
        }

        foreach (var claim in PodClaims.Of(pod).Where(c => c.Template is not null))
        {
            if (await EnsureAsync(pod, claim, cancellationToken) is { } failure)
            {
                var message = $"ephemeral volume {claim.Volume}: {failure}";
                _events.Record(EventNote.Warning(pod, "FailedBinding", message));
                throw new ReconcileException($"pod {key}, {message}");
            }
        }

        return ReconcileResult.Done;
    }

    /// <summary>Null when the claim is there; else why not.</summary>
    private async Task<string?> EnsureAsync(V1Pod pod, PodClaim claim, CancellationToken cancellationToken)
    {
        var place = new ObjectKey(key.Namespace, claim.Name);
        var found =
            await _client.GetAsync<V1PersistentVolumeClaim>(place, ReadFreshness.Linearizable, cancellationToken);
        if (found.Succeeded)
        {
            return PodClaims.IsOwn(pod.Metadata.Uid, found.Value)
                ? null
                : $"PVC {place} was not created for pod {key} (pod is not owner)";
        }

        var created = await _client.CreateAsync(PodClaims.New(pod, claim), cancellationToken);
        return created.Succeeded ? null : $"create PVC {claim.Name}: {created.Error.Message}";
    }
}
