using k8s.Models;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.PersistentVolumes;

/// <summary>Shows what a volume is, undoes stray bindings, reclaims, and protects it while it is bound.</summary>
public sealed class VolumeReconciler : IObjectReconciler
{
    /// <summary>Keeps a bound volume.</summary>
    public const string Finalizer = "kubernetes.io/pv-protection";

    /// <summary>Volumes and claims for which nobody says when they can go on are looked at again this often.</summary>
    public static readonly TimeSpan Resync = TimeSpan.FromSeconds(15);

    private readonly ObjectKey _key;
    private readonly IResourceClient _client;
    private readonly IResourceClient _protection;
    private readonly EventRecorder _events;
    private readonly LocalPathProvisioner _local;
    private readonly VolumeRecycler _recycler;

    public VolumeReconciler(ObjectKey key, ReconcilingServices services)
    {
        _key = key;
        _client = services.Client.As(UserIdentity.Controller("persistent-volume-binder"));
        _protection = services.Client.As(UserIdentity.Controller("pv-protection-controller"));
        _events = services.Events.For("persistentvolume-controller", "persistent-volume-binder");
        _local = new LocalPathProvisioner(services);
        _recycler = new VolumeRecycler(_client, _events);
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync(
            ResourceOf<V1PersistentVolume>.Name, _key, ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"persistentvolume {_key}") is not { } item)
        {
            await _recycler.AbandonAsync(cancellationToken);
            return ReconcileResult.Done;
        }

        var volume = await NoteAsync(item.Clone<V1PersistentVolume>(), cancellationToken);
        var plan = VolumePlanner.Compute(volume, await ClaimAsync(volume, cancellationToken));
        if (plan.Unbind)
        {
            volume = Written(await _client.UpdateAsync(Unbound(volume), cancellationToken));
            plan = VolumePlanner.Compute(volume, null);
        }

        volume = await ShowAsync(volume, plan, cancellationToken);
        volume = await CarryOutAsync(volume, plan, cancellationToken);
        await Protection.ApplyAsync(
            _protection, volume, Finalizer, isUsed: volume.Status?.Phase == "Bound", cancellationToken);
        return plan.Recycle ? ReconcileResult.Again(Resync) : ReconcileResult.Done;
    }

    /// <summary>Notes which driver its storage is of, and who is to delete that: what follows reads it.</summary>
    private async Task<V1PersistentVolume> NoteAsync(V1PersistentVolume volume, CancellationToken cancellationToken)
    {
        var isNoted = VolumePlugins.NoteDriver(volume, volume.GetAnnotation(VolumeAnnotations.ProvisionedBy));
        return VolumePlugins.NoteFinalizers(volume) || isNoted
            ? Written(await _client.UpdateAsync(volume, cancellationToken))
            : volume;
    }

    private async Task<V1PersistentVolume> CarryOutAsync(
        V1PersistentVolume volume, VolumePlan plan, CancellationToken cancellationToken)
    {
        if (plan.Recycle)
        {
            volume = await RecycleAsync(volume, cancellationToken);
        }
        else if (volume.Spec.PersistentVolumeReclaimPolicy == VolumePlanner.RecyclePolicy)
        {
            await _recycler.TidyAsync(volume, cancellationToken);
        }

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

        return volume;
    }

    private async Task<V1PersistentVolume> ShowAsync(
        V1PersistentVolume volume, VolumePlan plan, CancellationToken cancellationToken)
    {
        if (plan.Phase is { } phase)
        {
            volume.Status ??= new V1PersistentVolumeStatus();
            (volume.Status.Phase, volume.Status.Message) = (phase, plan.Message.Length == 0 ? null : plan.Message);
            volume = Written(await _client.UpdateStatusAsync(volume, cancellationToken));
        }

        _events.Record(plan.Notes);
        return volume;
    }

    private async Task<V1PersistentVolume> RecycleAsync(
        V1PersistentVolume volume, CancellationToken cancellationToken)
    {
        var outcome = await _recycler.StepAsync(volume, cancellationToken);
        if (outcome.Failure is { } why)
        {
            var plan = VolumePlanner.Fail(volume, VolumeRecycler.Failed(volume, why));
            return await ShowAsync(volume, plan, cancellationToken);
        }

        if (!outcome.IsClean)
        {
            return volume;
        }

        _events.Record(EventNote.Normal(volume, "VolumeRecycled", "Volume recycled"));
        volume = Written(await _client.UpdateAsync(Unbound(volume), cancellationToken));
        return await ShowAsync(volume, VolumePlanner.Compute(volume, null), cancellationToken);
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
        return read.OrNull($"claim of persistentvolume {_key}") is { } claim && claim.Metadata.Uid == reference.Uid
            ? claim
            : null;
    }

    private V1PersistentVolume Written(Outcome<ResourceObject> outcome) =>
        outcome.OrThrow($"persistentvolume {_key}").Clone<V1PersistentVolume>();

    /// <summary>
    /// Our finalizer goes when the volume is being deleted: taken from one whose deletion is refused, it would be put
    /// back, again and again.
    /// </summary>
    private async Task DeleteAsync(V1PersistentVolume volume, CancellationToken cancellationToken)
    {
        if (volume.Metadata.DeletionTimestamp is null)
        {
            Expect(await _client.DeleteAsync(volume, cancellationToken));
        }

        if (volume.Metadata.Finalizers?.Contains(VolumePlugins.DeletionFinalizer) == true)
        {
            Expect(await _client.MutateAsync<V1PersistentVolume>(
                _key,
                "",
                v => v.Metadata.Uid == volume.Metadata.Uid
                    && v.Metadata.Finalizers?.Remove(VolumePlugins.DeletionFinalizer) == true,
                cancellationToken));
        }
    }

    /// <summary>What has gone meanwhile is well.</summary>
    private void Expect(Outcome<ResourceObject> outcome) =>
        outcome.ThrowIfRefused($"persistentvolume {_key}", StatusReasons.NotFound);
}
