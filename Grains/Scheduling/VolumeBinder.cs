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

        return await _wait.UntilAsync(
            decision,
            WellKnown.PersistentVolumeClaims,
            [.. decision.Volumes.Select(static v => v.Claim)],
            (key, ended) => StateAsync(decision.Volumes.First(v => v.Claim == key), decision, ended),
            decision.VolumePatience,
            "context deadline exceeded",
            cancellationToken);
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
    /// A claim that others have given away in the meantime fails the binding, and the pod is tried again.
    /// </summary>
    private async Task<(bool IsBound, string? Failure)> StateAsync(
        VolumeChoice choice, SchedulingDecision decision, CancellationToken cancellationToken)
    {
        var read = await client.GetAsync<V1PersistentVolumeClaim>(
            choice.Claim, ReadFreshness.Linearizable, cancellationToken);
        if (!read.Succeeded)
        {
            return (false, read.Error.Message);
        }

        var claim = read.Value;
        if (claim.Has(VolumeAnnotations.BindCompleted))
        {
            return choice.Volume is null || claim.Spec.VolumeName == choice.Volume
                ? (true, null)
                : (false, $"claim \"{choice.Claim}\" is bound to another volume");
        }

        return choice.Volume is null && claim.GetAnnotation(VolumeAnnotations.SelectedNode) != decision.NodeName
            ? (false, $"provisioning failed for PVC \"{choice.Claim.Name}\"")
            : (false, null);
    }
}
