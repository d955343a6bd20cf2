using k8s.Models;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.PersistentVolumes;

/// <summary>Shows what a volume is, undoes stray bindings, reclaims, and protects it while it is bound.</summary>
public sealed class VolumeReconciler(ObjectKey key, ReconcilingServices services) : IObjectReconciler
{
    /// <summary>Keeps a bound volume.</summary>
    public const string Finalizer = "kubernetes.io/pv-protection";

    private readonly IResourceClient _client = services.Client.As(UserIdentity.Controller("persistent-volume-binder"));
    private readonly IResourceClient _protection =
        services.Client.As(UserIdentity.Controller("pv-protection-controller"));

    private readonly LocalPathProvisioner _local = new(services);
    private readonly EventRecorder _events =
        services.Events.For("persistentvolume-controller", "persistent-volume-binder");

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync(
            ResourceOf<V1PersistentVolume>.Name, key, ReadFreshness.Linearizable, cancellationToken);
        if (!read.Succeeded)
        {
            return ReconcileResult.Done;
        }

        var volume = read.Value.Clone<V1PersistentVolume>();
        if (Migrate(volume))
        {
            volume = Written(await _client.UpdateAsync(volume, cancellationToken));
        }

        var plan = VolumePlanner.Compute(volume, await ClaimAsync(volume, cancellationToken));
        if (plan.Unbind)
        {
            volume = Written(await _client.UpdateAsync(Unbound(volume), cancellationToken));
            plan = VolumePlanner.Compute(volume, null);
        }

        if (plan.Phase is { } phase)
        {
            volume.Status ??= new V1PersistentVolumeStatus();
            (volume.Status.Phase, volume.Status.Message) = (phase, plan.Message.Length == 0 ? null : plan.Message);
            volume = Written(await _client.UpdateStatusAsync(volume, cancellationToken));
        }

        _events.Record(plan.Notes);
        if (plan.RemoveData)
        {
            await _local.RemoveAsync(volume, cancellationToken);
        }

        if (plan.LetGo)
        {
            await _local.LetGoAsync(volume, cancellationToken);
        }

        if (plan.Delete)
        {
            await DeleteAsync(volume, cancellationToken);
        }

        await Protection.ApplyAsync(
            _protection, volume, Finalizer, isUsed: volume.Status?.Phase == "Bound", cancellationToken);
        return ReconcileResult.Done;
    }

    /// <summary>Notes which driver has the volume of a plugin that was handed over; false when all is noted.</summary>
    private static bool Migrate(V1PersistentVolume volume)
    {
        var maker = volume.GetAnnotation(VolumeAnnotations.ProvisionedBy);
        var driver = VolumePlugins.DriverOf(maker ?? "");
        if (maker is null || (driver ?? "") == (volume.GetAnnotation(VolumeAnnotations.MigratedTo) ?? ""))
        {
            return false;
        }

        volume.SetAnnotation(VolumeAnnotations.MigratedTo, driver);
        return true;
    }

    /// <summary>What we bound becomes free; what the user reserved stays reserved.</summary>
    private static V1PersistentVolume Unbound(V1PersistentVolume volume)
    {
        if (volume.Metadata.Annotations?.Remove(VolumeAnnotations.BoundByController) == true)
        {
            volume.Spec.ClaimRef = null;
        }
        else
        {
            volume.Spec.ClaimRef.Uid = null;
        }

        return volume;
    }

    private async Task<V1PersistentVolumeClaim?> ClaimAsync(
        V1PersistentVolume volume, CancellationToken cancellationToken)
    {
        if (volume.Spec.ClaimRef is not { Uid.Length: > 0 } reference)
        {
            return null;
        }

        var read = await _client.GetAsync<V1PersistentVolumeClaim>(
            new ObjectKey(reference.NamespaceProperty ?? "", reference.Name),
            ReadFreshness.Linearizable,
            cancellationToken);
        if (!read.Succeeded && read.Error.Reason != StatusReasons.NotFound)
        {
            throw ReconcileException.Of($"claim of persistentvolume {key}", read.Error);
        }

        return read.Succeeded && read.Value.Metadata.Uid == reference.Uid ? read.Value : null;
    }

    private V1PersistentVolume Written(Outcome<ResourceObject> outcome) => outcome.Succeeded
        ? outcome.Value.Clone<V1PersistentVolume>()
        : throw ReconcileException.Of($"persistentvolume {key}", outcome.Error);

    private async Task DeleteAsync(V1PersistentVolume volume, CancellationToken cancellationToken)
    {
        var outcome = await _client.DeleteAsync(volume, cancellationToken);
        if (!outcome.Succeeded && outcome.Error.Reason != StatusReasons.NotFound)
        {
            throw ReconcileException.Of($"persistentvolume {key}", outcome.Error);
        }
    }
}
