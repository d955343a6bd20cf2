using k8s.Models;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.PersistentVolumeClaims;

/// <summary>
/// Has a claim's volume made larger. Directories of <see cref="LocalPath"/> have no size of their own, so what they
/// are said to have is raised: first the claim says that it happens, then the volume is larger, then the claim says
/// so; after a crash in between, the steps that are left are done. Whoever can expand other volumes is told by an
/// event, as upstream's expand controller does it.
/// </summary>
internal sealed class ClaimExpander(ReconcilingServices services)
{
    private readonly IResourceClient _client = services.Client.As(UserIdentity.Controller("expand-controller"));
    private readonly EventRecorder _events = services.Events.For("volume_expand", "expand-controller");
    private readonly EventRecorder _ownEvents =
        services.Events.For($"external-resizer {LocalPath.Provisioner}", "expand-controller");
    private Quantity _asked;

    /// <summary>Does what a bound claim's wish for more needs.</summary>
    /// <returns>The claim as it is then.</returns>
    public async Task<V1PersistentVolumeClaim> ExpandAsync(
        V1PersistentVolumeClaim claim, V1PersistentVolume volume, CancellationToken cancellationToken)
    {
        if (!ClaimResize.IsWanted(claim, volume))
        {
            return claim;
        }

        return LocalPath.IsOurs(volume)
            ? await GrowAsync(claim, volume, cancellationToken)
            : await AskAsync(claim, volume, cancellationToken);
    }

    private async Task<V1PersistentVolumeClaim> GrowAsync(
        V1PersistentVolumeClaim claim, V1PersistentVolume volume, CancellationToken cancellationToken)
    {
        var (wanted, has) = (VolumeMatch.Requested(claim), VolumeMatch.Capacity(volume));
        var size = wanted > has ? wanted : has;
        if (ClaimResize.Begin(claim, size, services.Time.GetUtcNow()))
        {
            claim = Written(await _client.UpdateStatusAsync(claim, cancellationToken), claim);
            _ownEvents.Record(EventNote.Normal(
                claim, "Resizing", $"External resizer is resizing volume {volume.Metadata.Name}"));
        }

        var grown = await _client.MutateAsync<V1PersistentVolume>(
            new ObjectKey("", volume.Metadata.Name),
            "",
            v => v.Metadata.Uid == volume.Metadata.Uid && Grow(v, size),
            cancellationToken);
        grown.ThrowIfRefused($"volume of persistentvolumeclaim {claim.Key()}");

        ClaimResize.Finish(claim, size);
        claim = Written(await _client.UpdateStatusAsync(claim, cancellationToken), claim);
        _ownEvents.Record(EventNote.Normal(claim, "VolumeResizeSuccessful", "Resize volume succeeded"));
        return claim;
    }

    private static bool Grow(V1PersistentVolume volume, Quantity size)
    {
        if (VolumeMatch.Capacity(volume) >= size)
        {
            return false;
        }

        volume.Spec.Capacity = new Dictionary<string, ResourceQuantity>(volume.Spec.Capacity)
        {
            ["storage"] = size.ToModel(),
        };
        return true;
    }

    /// <summary>Once for each size.</summary>
    private async Task<V1PersistentVolumeClaim> AskAsync(
        V1PersistentVolumeClaim claim, V1PersistentVolume volume, CancellationToken cancellationToken)
    {
        if (_asked == VolumeMatch.Requested(claim))
        {
            return claim;
        }

        _events.Record(ClaimPlanner.Expand(claim, volume));
        if (VolumePlugins.MigratedOf(volume) is { } migrated
            && claim.GetAnnotation(VolumeAnnotations.Resizer) != migrated.Driver)
        {
            claim.SetAnnotation(VolumeAnnotations.Resizer, migrated.Driver);
            claim = Written(await _client.UpdateStatusAsync(claim, cancellationToken), claim);
        }

        _asked = VolumeMatch.Requested(claim);
        return claim;
    }

    private static V1PersistentVolumeClaim Written(
        Outcome<ResourceObject> outcome, V1PersistentVolumeClaim claim) =>
        outcome.OrThrow($"persistentvolumeclaim {claim.Key()}").Clone<V1PersistentVolumeClaim>();
}
