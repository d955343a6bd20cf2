using k8s;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.PersistentVolumes;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Storage.StorageClasses;

namespace OrleansOrchestrator.Grains.Core.PersistentVolumeClaims;

/// <summary>
/// Binds a claim, and keeps it while pods use it. The volume is written first, under its optimistic lock: of two claims
/// that want one volume, the slower finds it taken and looks again; after a crash in between, the volume is found by
/// its reference and the binding finished.
/// </summary>
public sealed class ClaimReconciler : IObjectReconciler
{
    /// <summary>Keeps a claim that pods use.</summary>
    public const string Finalizer = "kubernetes.io/pvc-protection";

    private readonly ObjectKey _key;
    private readonly IResourceClient _client;
    private readonly IResourceClient _protection;
    private readonly EventRecorder _events;
    private readonly LocalPathProvisioner _local;
    private readonly ClaimExpander _expander;

    public ClaimReconciler(ObjectKey key, ReconcilingServices services)
    {
        _key = key;
        _client = services.Client.As(UserIdentity.Controller("persistent-volume-binder"));
        _protection = services.Client.As(UserIdentity.Controller("pvc-protection-controller"));
        _events = services.Events.For("persistentvolume-controller", "persistent-volume-binder");
        _local = new LocalPathProvisioner(services);
        _expander = new ClaimExpander(services);
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync(
            ResourceOf<V1PersistentVolumeClaim>.Name, _key, ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"persistentvolumeclaim {_key}") is not { } item)
        {
            return ReconcileResult.Done;
        }

        var claim = item.Clone<V1PersistentVolumeClaim>();
        if (VolumePlugins.NoteDriver(
            claim,
            claim.GetAnnotation(VolumeAnnotations.Provisioner)
                ?? claim.GetAnnotation(VolumeAnnotations.BetaProvisioner)))
        {
            claim = Written(await _client.UpdateAsync(claim, cancellationToken));
        }

        var observed = await ObserveAsync(claim, cancellationToken);
        var plan = ClaimPlanner.Compute(observed);
        claim = await ApplyAsync(plan, claim, cancellationToken);
        if (plan.Provisioner == LocalPath.Provisioner && claim.Metadata.DeletionTimestamp is null)
        {
            await _local.ProvisionAsync(claim, observed.Class!, cancellationToken);
        }

        if (plan.Bind is { } volume)
        {
            claim = await _expander.ExpandAsync(claim, volume, cancellationToken);
        }

        var isUsed = Protection.IsHeld(claim, Finalizer) && await IsUsedAsync(claim, cancellationToken);
        await Protection.ApplyAsync(_protection, claim, Finalizer, isUsed, cancellationToken);
        return plan.IsWaiting ? ReconcileResult.Again(VolumeReconciler.Resync) : ReconcileResult.Done;
    }

    private async Task<V1PersistentVolumeClaim> ApplyAsync(
        ClaimPlan plan, V1PersistentVolumeClaim claim, CancellationToken cancellationToken)
    {
        if (plan.Bind is { } volume)
        {
            await TakeAsync(volume, claim, cancellationToken);
            return await BindAsync(claim, volume, cancellationToken);
        }

        if (plan.AssignClass is { } byDefault)
        {
            claim.Spec.StorageClassName = byDefault;
            return Written(await _client.UpdateAsync(claim, cancellationToken));
        }

        if (plan.Provisioner is { } provisioner && claim.GetAnnotation(VolumeAnnotations.Provisioner) != provisioner)
        {
            claim.SetAnnotation(VolumeAnnotations.BetaProvisioner, provisioner);
            claim.SetAnnotation(VolumeAnnotations.Provisioner, provisioner);
            claim = Written(await _client.UpdateAsync(claim, cancellationToken));
        }

        var isNew = claim.Status?.Phase != plan.Phase;
        if (plan.Phase is { } phase)
        {
            claim = await ShowAsync(claim, phase, volume: null, cancellationToken);
        }

        if (isNew || !plan.OnlyWhenNew)
        {
            _events.Record(plan.Notes);
        }

        return claim;
    }

    private async Task<ClaimObserved> ObserveAsync(V1PersistentVolumeClaim claim, CancellationToken cancellationToken)
    {
        if (claim.Spec.VolumeName is { Length: > 0 } name)
        {
            var named = await FindAsync<V1PersistentVolume>(name, cancellationToken);
            return new ClaimObserved { Claim = claim, Volumes = named is null ? [] : [named] };
        }

        var className = VolumeMatch.ClassOf(claim);
        var ofClaim = className.Length == 0 ? null : await FindAsync<V1StorageClass>(className, cancellationToken);
        var isDelayed = ofClaim?.VolumeBindingMode == VolumeMatch.WaitForFirstConsumer;
        return new ClaimObserved
        {
            Claim = claim,
            Volumes = await _client.ListAsync<V1PersistentVolume>(
                ResourceOf<V1PersistentVolume>.Query() with { Freshness = ReadFreshness.Linearizable },
                cancellationToken),
            Class = ofClaim,
            DefaultClass = claim.Spec.StorageClassName is null
                && claim.GetAnnotation(PersistentVolumeStrategy.BetaClassAnnotation) is null
                ? (await _client.ListAsync<V1StorageClass>(ResourceOf<V1StorageClass>.Query(), cancellationToken))
                    .Where(StorageClassStrategy.IsDefault).Newest()?.Metadata.Name
                : null,
            WaitingPods = isDelayed ? await WaitingPodsAsync(cancellationToken) : [],
        };
    }

    private async Task<T?> FindAsync<T>(string name, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var read = await _client.GetAsync<T>(new ObjectKey("", name), ReadFreshness.Linearizable, cancellationToken);
        return read.OrNull($"persistentvolumeclaim {_key}");
    }

    private async Task<IReadOnlyList<string>> WaitingPodsAsync(CancellationToken cancellationToken)
    {
        var pods = await PodsAsync(ReadFreshness.Cached, cancellationToken);
        return
        [
            .. pods.Where(p => string.IsNullOrEmpty(p.Spec.NodeName) && p.Metadata.DeletionTimestamp is null
                && p.Status?.Phase is not ("Succeeded" or "Failed")
                && PodClaims.Of(p).Any(c => c.Name == _key.Name)).Select(p => p.Metadata.Name),
        ];
    }

    /// <summary>Agents start no pod whose claim is going, so pods without a node do not count.</summary>
    private async Task<bool> IsUsedAsync(V1PersistentVolumeClaim claim, CancellationToken cancellationToken)
    {
        var pods = await PodsAsync(ReadFreshness.Linearizable, cancellationToken);
        return pods.Any(p => PodClaims.Keeps(p, claim));
    }

    private ValueTask<IReadOnlyList<V1Pod>> PodsAsync(ReadFreshness freshness, CancellationToken cancellationToken) =>
        _client.ListAsync<V1Pod>(
            ResourceOf<V1Pod>.Query(_key.Namespace) with { Freshness = freshness }, cancellationToken);

    private async Task TakeAsync(
        V1PersistentVolume shared, V1PersistentVolumeClaim claim, CancellationToken cancellationToken)
    {
        var volume = ResourceCodec.Decode<V1PersistentVolume>(ResourceCodec.Encode(shared));
        if (VolumeBinding.Reserve(volume, claim))
        {
            volume = await WrittenAsync(_client.UpdateAsync(volume, cancellationToken));
        }

        if (volume.Status?.Phase != "Bound")
        {
            volume.Status ??= new V1PersistentVolumeStatus();
            (volume.Status.Phase, volume.Status.Message) = ("Bound", null);
            await WrittenAsync(_client.UpdateStatusAsync(volume, cancellationToken));
        }

        async Task<V1PersistentVolume> WrittenAsync(ValueTask<Outcome<ResourceObject>> write)
        {
            var outcome = await write;
            return outcome.OrThrow($"volume of persistentvolumeclaim {_key}").Clone<V1PersistentVolume>();
        }
    }

    private async Task<V1PersistentVolumeClaim> BindAsync(
        V1PersistentVolumeClaim claim, V1PersistentVolume volume, CancellationToken cancellationToken)
    {
        var isOurs = claim.Spec.VolumeName != volume.Metadata.Name;
        if (isOurs || !claim.Has(VolumeAnnotations.BindCompleted))
        {
            claim.Spec.VolumeName = volume.Metadata.Name;
            if (isOurs)
            {
                claim.SetAnnotation(VolumeAnnotations.BoundByController, VolumeAnnotations.Yes);
            }

            claim.SetAnnotation(VolumeAnnotations.BindCompleted, VolumeAnnotations.Yes);
            claim = Written(await _client.UpdateAsync(claim, cancellationToken));
        }

        return await ShowAsync(claim, "Bound", volume, cancellationToken);
    }

    /// <summary>
    /// Capacity and attributes follow the volume only while the claim is being bound: afterwards they are the
    /// resizer's, and may differ on purpose.
    /// </summary>
    private async Task<V1PersistentVolumeClaim> ShowAsync(
        V1PersistentVolumeClaim claim, string phase, V1PersistentVolume? volume, CancellationToken cancellationToken)
    {
        var status = claim.Status ??= new V1PersistentVolumeClaimStatus();
        var isNew = status.Phase != phase;
        var modes = volume?.Spec.AccessModes;
        var sameModes = (status.AccessModes ?? []).SequenceEqual(modes ?? []);
        if (!isNew && sameModes && (volume is not null || status.Capacity is null))
        {
            return claim;
        }

        (status.Phase, status.AccessModes) = (phase, modes);
        if (volume is null)
        {
            status.Capacity = null;
        }
        else if (isNew)
        {
            status.Capacity = VolumeBinding.CapacityOf(volume);
            status.CurrentVolumeAttributesClassName = volume.Spec.VolumeAttributesClassName;
        }

        return Written(await _client.UpdateStatusAsync(claim, cancellationToken));
    }

    private V1PersistentVolumeClaim Written(Outcome<ResourceObject> outcome) =>
        outcome.OrThrow($"persistentvolumeclaim {_key}").Clone<V1PersistentVolumeClaim>();
}
