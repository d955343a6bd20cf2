using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Pods;

/// <summary>A claim that a pod uses.</summary>
/// <param name="Volume">The pod's name for it.</param>
/// <param name="Name">In the pod's namespace.</param>
/// <param name="Template">What it is made from if it comes and goes with the pod; null for a claim of its own.</param>
public readonly record struct PodClaim(string Volume, string Name, V1PersistentVolumeClaimTemplate? Template);

/// <summary>Which claims a pod uses.</summary>
public static class PodClaims
{
    /// <summary>Every ephemeral volume in a pod's JSON has this key; no ephemeral container has.</summary>
    public static bool MayBeEphemeral(ReadOnlySpan<byte> json) => json.IndexOf("\"ephemeral\":"u8) >= 0;

    /// <summary>True for every pod's JSON with a claim of either kind, and for few others.</summary>
    public static bool MayHaveAny(ReadOnlySpan<byte> json) =>
        json.IndexOf("\"persistentVolumeClaim\":"u8) >= 0 || MayBeEphemeral(json);

    public static IEnumerable<PodClaim> Of(V1Pod pod)
    {
        foreach (var volume in pod.Spec.Volumes ?? [])
        {
            if (volume.PersistentVolumeClaim is { } claim)
            {
                yield return new PodClaim(volume.Name, claim.ClaimName, null);
            }
            else if (volume.Ephemeral is { } ephemeral)
            {
                yield return new PodClaim(
                    volume.Name, $"{pod.Metadata.Name}-{volume.Name}", ephemeral.VolumeClaimTemplate);
            }
        }
    }

    /// <summary>True when the claim is one of the pod's; an ephemeral one must be owned by the pod.</summary>
    public static bool Uses(V1Pod pod, V1PersistentVolumeClaim claim) => Of(pod).Any(c =>
        c.Name == claim.Metadata.Name && (c.Template is null || IsOwn(pod.Metadata.Uid, claim)));

    /// <summary>
    /// True when the pod keeps the claim from being deleted. One that was made for it it does not keep for longer than
    /// something of the pod may run: a pod that is deleted in the foreground waits for the claim in its turn.
    /// </summary>
    public static bool Keeps(V1Pod pod, V1PersistentVolumeClaim claim) =>
        !string.IsNullOrEmpty(pod.Spec.NodeName) && Of(pod).Any(c => c.Name == claim.Metadata.Name
            && (c.Template is null || (!IsShutDown(pod) && IsOwn(pod.Metadata.Uid, claim))));

    private static bool IsShutDown(V1Pod pod) =>
        pod.Metadata is { DeletionTimestamp: not null, DeletionGracePeriodSeconds: 0 };

    /// <summary>True when the claim was made for the pod.</summary>
    public static bool IsOwn(string podUid, V1PersistentVolumeClaim claim) =>
        claim.Metadata.OwnerReferences?.Any(o => o.Controller == true && o.Uid == podUid) == true;

    /// <summary>The claim of an ephemeral volume.</summary>
    public static V1PersistentVolumeClaim New(V1Pod pod, PodClaim claim) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = claim.Name,
            NamespaceProperty = pod.Metadata.NamespaceProperty,
            Labels = claim.Template!.Metadata?.Labels,
            Annotations = claim.Template.Metadata?.Annotations,
            OwnerReferences = [pod.ControllerReference()],
        },
        Spec = claim.Template.Spec,
    };
}
