using k8s.Models;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// Sees to it, before a pod is bound, that its claims are: reserves the chosen volumes, asks for those that must be
/// made on the pod's node, and waits until the binder of claims has finished.
/// </summary>
internal sealed class VolumeBinder(IResourceClient client, ChangeSignals signals, TimeProvider time)
{
    /// <summary>In front of what ended the wait.</summary>
    public const string Waiting = "binding volumes: ";

    private readonly BindingWait _wait = new(client, signals, time);

    /// <summary>Null when all claims are bound; else why not.</summary>
    public async Task<string?> BindAsync(SchedulingDecision decision, CancellationToken cancellationToken)
    {
        foreach (var choice in decision.Volumes)
        {
            if (await WriteAsync(choice, decision.NodeName!, cancellationToken) is { } failure)
            {
                return failure;
            }
        }

        var unbound = await _wait.UntilAsync(
            decision,
            WellKnown.PersistentVolumeClaims,
            [.. decision.Volumes.Select(static v => v.Claim)],
            (key, ended) => StateAsync(decision.Volumes.First(v => v.Claim == key), decision, ended),
            decision.VolumePatience,
            "context deadline exceeded",
            cancellationToken);
        return unbound is null ? null : Waiting + unbound;
    }

    private async Task<string?> WriteAsync(VolumeChoice choice, string nodeName, CancellationToken cancellationToken)
    {
        var read = await client.GetAsync<V1PersistentVolumeClaim>(
            choice.Claim, ReadFreshness.Linearizable, cancellationToken);
        if (!read.Succeeded)
        {
            return read.Error.Message;
        }

        if (choice.Volume is { } volume)
        {
            return await ReserveAsync(new ObjectKey("", volume), read.Value, cancellationToken);
        }

        var outcome = await client.MutateAsync<V1PersistentVolumeClaim>(
            choice.Claim, "", c => Select(c, choice.Uid, nodeName), cancellationToken);
        return outcome.Succeeded ? null : outcome.Error.Message;
    }

    private async Task<string?> ReserveAsync(
        ObjectKey volume, V1PersistentVolumeClaim claim, CancellationToken cancellationToken)
    {
        var outcome = await client.MutateAsync<V1PersistentVolume>(
            volume,
            "",
            v => (v.Spec.ClaimRef is null || VolumeMatch.IsFor(v, claim)) && VolumeBinding.Reserve(v, claim),
            cancellationToken);
        return !outcome.Succeeded ? outcome.Error.Message
            : VolumeMatch.IsFor(outcome.Value.As<V1PersistentVolume>(), claim) ? null
            : $"volume \"{volume.Name}\" already bound to a different claim.";
    }

    private static bool Select(V1PersistentVolumeClaim claim, string uid, string nodeName)
    {
        if (claim.Metadata.Uid != uid || claim.Has(VolumeAnnotations.SelectedNode))
        {
            return false;
        }

        claim.SetAnnotation(VolumeAnnotations.SelectedNode, nodeName);
        return true;
    }

    /// <summary>
    /// A claim that others have given away in the meantime, or that got a volume which is of no use on the node, fails
    /// the binding, and the pod is tried again.
    /// </summary>
    private async Task<(bool IsBound, string? Failure)> StateAsync(
        VolumeChoice choice, SchedulingDecision decision, CancellationToken cancellationToken)
    {
        var node = await client.GetAsync<V1Node>(
            new ObjectKey("", decision.NodeName!), ReadFreshness.Linearizable, cancellationToken);
        if (!node.Succeeded)
        {
            var why = node.Error.Reason == StatusReasons.NotFound
                ? $"node \"{decision.NodeName}\" not found" // as upstream's cache has it
                : node.Error.Message;
            return (false, $"failed to get node \"{decision.NodeName}\": {why}");
        }

        var read = await client.GetAsync<V1PersistentVolumeClaim>(
            choice.Claim, ReadFreshness.Linearizable, cancellationToken);
        if (!read.Succeeded)
        {
            var what = choice.Volume is null ? "provisioning pvc" : "binding";
            return (false, $"failed to check {what}: {read.Error.Message}");
        }

        var (claim, name) = (read.Value, choice.Claim.Name);
        if (choice.Volume is null && claim.GetAnnotation(VolumeAnnotations.SelectedNode) != decision.NodeName)
        {
            return (false, claim.Metadata.Annotations is null
                ? $"selectedNode annotation reset for PVC \"{name}\""
                : $"provisioning failed for PVC \"{name}\"");
        }

        if ((choice.Volume ?? claim.Spec.VolumeName) is { Length: > 0 } volume
            && await VolumeAsync(volume, choice, node.Value, cancellationToken) is { IsUsable: false } flaw)
        {
            return flaw;
        }

        if (!claim.Has(VolumeAnnotations.BindCompleted) || string.IsNullOrEmpty(claim.Spec.VolumeName))
        {
            return (false, null);
        }

        return choice.Volume is not null && claim.Spec.VolumeName != choice.Volume
            ? (false, $"claim \"{choice.Claim}\" is bound to another volume")
            : (true, null);
    }

    /// <summary>
    /// Whoever makes volumes may have made this one elsewhere, and one that was reserved may have been given away. One
    /// that was made and is not there leaves its claim to be looked at again.
    /// </summary>
    private async Task<(bool IsUsable, string? Failure)> VolumeAsync(
        string name, VolumeChoice choice, V1Node node, CancellationToken cancellationToken)
    {
        var volume = await client.GetAsync<V1PersistentVolume>(
            new ObjectKey("", name), ReadFreshness.Linearizable, cancellationToken);
        if (!volume.Succeeded)
        {
            return choice.Volume is not null ? (false, $"failed to check binding: {volume.Error.Message}")
                : (false, volume.Error.Reason == StatusReasons.NotFound ? null : volume.Error.Message);
        }

        var labels = new Dictionary<string, string>(
            node.Metadata.Labels ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        return !volume.Value.Reaches(node.Metadata.Name, labels)
                ? (false, $"pv \"{name}\" node affinity doesn't match node \"{node.Metadata.Name}\": "
                    + "no matching NodeSelectorTerms")
            : choice.Volume is not null && string.IsNullOrEmpty(volume.Value.Spec.ClaimRef?.Uid)
                ? (false, $"ClaimRef got reset for pv \"{name}\"")
                : (true, null);
    }
}
