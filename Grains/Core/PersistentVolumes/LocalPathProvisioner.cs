using k8s.Models;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Core.Nodes;
using OrleansOrchestrator.Interfaces.Hollow;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.PersistentVolumes;

/// <summary>
/// Makes and removes the volumes of <see cref="LocalPath"/>. The directory comes first and goes first, the object
/// last: after a crash in between, the same directory is asked for again. A claim that goes in that moment leaves an
/// empty directory behind, never one with data.
/// </summary>
internal sealed class LocalPathProvisioner(ReconcilingServices services)
{
    private readonly IResourceClient _client = services.Client.As(UserIdentity.Controller("local-path-provisioner"));
    private readonly EventRecorder _events = services.Events.For(LocalPath.Provisioner, "local-path-provisioner");

    private INodeVolumes Nodes => services.NodeVolumes;

    /// <summary>Makes the volume of a claim for which the scheduler has chosen a node.</summary>
    public async Task ProvisionAsync(
        V1PersistentVolumeClaim claim, V1StorageClass ofClaim, CancellationToken cancellationToken)
    {
        if (LocalPath.WhyNot(claim) is { } refusal)
        {
            Fail(claim, ofClaim, refusal);
            return;
        }

        var key = new ObjectKey("", claim.GetAnnotation(VolumeAnnotations.SelectedNode)!);
        var node = await _client.GetAsync<V1Node>(key, ReadFreshness.Linearizable, cancellationToken);
        node.ThrowIfRefused($"node of persistentvolumeclaim {claim.Key()}", StatusReasons.NotFound);
        if (!node.Succeeded)
        {
            Fail(claim, ofClaim, $"error getting selected node \"{key.Name}\" for the volume: {node.Error.Message}");
            await ForgetNodeAsync(claim, cancellationToken);
            return;
        }

        _events.Record(EventNote.Normal(
            claim, "Provisioning", $"External provisioner is provisioning volume for claim \"{claim.Key()}\""));
        var path = await MakeAsync(node.Value, claim, cancellationToken);
        if (!path.Succeeded)
        {
            Fail(claim, ofClaim, path.Error.Message ?? "");
            return;
        }

        var volume = LocalPath.Volume(claim, ofClaim, node.Value, path.Value);
        var created = await _client.CreateAsync(volume, cancellationToken);
        created.ThrowIfRefused($"volume of persistentvolumeclaim {claim.Key()}", StatusReasons.AlreadyExists);
        if (created.Succeeded)
        {
            _events.Record(EventNote.Normal(
                claim, "ProvisioningSucceeded", $"Successfully provisioned volume {volume.Metadata.Name}"));
        }
    }

    /// <summary>
    /// Removes the data. When there is no such Node any more they went with it: a machine that comes back brings
    /// along a directory that nobody knows.
    /// </summary>
    public async Task RemoveAsync(V1PersistentVolume volume, CancellationToken cancellationToken)
    {
        var name = volume.GetAnnotation(LocalPath.NodeAnnotation) ?? "";
        var node = await _client.GetAsync<V1Node>(
            new ObjectKey("", name), ReadFreshness.Linearizable, cancellationToken);
        if (node.Succeeded && HollowNodes.IsHollow(node.Value.Spec?.ProviderID))
        {
            return;
        }

        var removed = node.Succeeded
            ? await Nodes.RemoveAsync(name, volume.Metadata.Name, cancellationToken)
            : node.Error;
        if (!removed.Succeeded && removed.Error.Reason != StatusReasons.NotFound)
        {
            _events.Record(EventNote.Warning(volume, "VolumeFailedDelete", removed.Error.Message ?? ""));
            throw ReconcileException.Of($"data of persistentvolume {volume.Metadata.Name}", removed.Error);
        }
    }

    /// <summary>Nothing holds the volume for its data any more.</summary>
    public async Task LetGoAsync(V1PersistentVolume volume, CancellationToken cancellationToken)
    {
        var outcome = await _client.MutateAsync<V1PersistentVolume>(
            new ObjectKey("", volume.Metadata.Name),
            "",
            v => v.Metadata.Uid == volume.Metadata.Uid && v.Metadata.Finalizers?.Remove(LocalPath.Finalizer) == true,
            cancellationToken);
        outcome.ThrowIfRefused($"persistentvolume {volume.Metadata.Name}", StatusReasons.NotFound);
    }

    private async ValueTask<Outcome<string>> MakeAsync(
        V1Node node, V1PersistentVolumeClaim claim, CancellationToken cancellationToken)
    {
        var name = LocalPath.NameFor(claim);
        return HollowNodes.IsHollow(node.Spec?.ProviderID)
            ? $"/hollow/{name}"
            : await Nodes.MakeAsync(node.Metadata.Name, name, cancellationToken);
    }

    private void Fail(V1PersistentVolumeClaim claim, V1StorageClass ofClaim, string why) =>
        _events.Record(EventNote.Warning(
            claim,
            "ProvisioningFailed",
            $"failed to provision volume with StorageClass \"{ofClaim.Metadata.Name}\": {why}"));

    /// <summary>The scheduler chooses again.</summary>
    private async Task ForgetNodeAsync(V1PersistentVolumeClaim claim, CancellationToken cancellationToken)
    {
        var chosen = claim.GetAnnotation(VolumeAnnotations.SelectedNode);
        var outcome = await _client.MutateAsync<V1PersistentVolumeClaim>(
            claim.Key(),
            "",
            c => c.Metadata.Uid == claim.Metadata.Uid && c.GetAnnotation(VolumeAnnotations.SelectedNode) == chosen
                && c.Metadata.Annotations.Remove(VolumeAnnotations.SelectedNode),
            cancellationToken);
        outcome.ThrowIfRefused($"persistentvolumeclaim {claim.Key()}", StatusReasons.NotFound);
    }
}
