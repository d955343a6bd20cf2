using System.Text.Json.Nodes;
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
    /// <summary>How long volumes may take to be made.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

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

        await client.PatchStatusAsync<V1Pod>(
            decision.Pod.Key,
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["uid"] = decision.Pod.Uid },
                ["status"] = new JsonObject { ["nominatedNodeName"] = decision.NodeName },
            },
            cancellationToken);
        return await WaitAsync(decision, cancellationToken);
    }

    /// <summary>
    /// Looks again whenever the claim or the pod has changed, and once more when the time is up.
    /// </summary>
    private async Task<string?> WaitAsync(SchedulingDecision decision, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var late = Task.Delay(Patience, time, ended.Token);
        try
        {
            foreach (var choice in decision.Volumes)
            {
                while (true)
                {
                    var claimChanges = signals.Next(WellKnown.PersistentVolumeClaims, choice.Claim);
                    var podChanges = signals.Next(WellKnown.Pods, decision.Pod.Key);
                    var (isBound, failure) = await StateAsync(choice, decision, cancellationToken);
                    if (isBound)
                    {
                        break;
                    }

                    if (failure is not null || late.IsCompleted)
                    {
                        return failure ?? "context deadline exceeded";
                    }

                    await Task.WhenAny(claimChanges, podChanges, late);
                }
            }

            return null;
        }
        finally
        {
            await ended.CancelAsync();
            signals.Tell(WellKnown.Pods, decision.Pod.Key);
            foreach (var choice in decision.Volumes)
            {
                signals.Tell(WellKnown.PersistentVolumeClaims, choice.Claim);
            }
        }
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
        var pod = await client.GetAsync(
            WellKnown.Pods, decision.Pod.Key, ReadFreshness.Cached, cancellationToken);
        if (!pod.Succeeded || pod.Value.Uid != decision.Pod.Uid)
        {
            return (false, $"pod \"{decision.Pod.Key}\" does not exist any more");
        }

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
