using k8s.Autorest;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>
/// The devices that pods claim. No driver of devices registers with this agent: a pod to which some are allocated waits
/// for their driver, as on every node that lacks it.
/// </summary>
public sealed class DynamicResources(IObjectReader objects)
{
    /// <summary>Why what a pod claims cannot be prepared; null when it claims nothing, or nothing that takes a
    /// driver.</summary>
    public async Task<SandboxRefusal?> ProblemAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        foreach (var claim in pod.Spec.ResourceClaims ?? [])
        {
            if (await ProblemAsync(pod, claim, cancellationToken) is { } problem)
            {
                return Refusal(problem);
            }
        }

        return pod.Status?.ExtendedResourceClaimStatus?.ResourceClaimName is { Length: > 0 } extended
            && await ProblemAsync(pod, extended, isMadeForPod: true, cancellationToken) is { } missing
                ? Refusal(missing)
                : null;
    }

    private static SandboxRefusal Refusal(string problem) => new(
        "FailedPrepareDynamicResources", $"Failed to prepare dynamic resources: prepare dynamic resources: {problem}");

    private async Task<string?> ProblemAsync(V1Pod pod, V1PodResourceClaim asked, CancellationToken cancellationToken)
    {
        var isMadeForPod = asked.ResourceClaimName is null;
        var made = pod.Status?.ResourceClaimStatuses?.FirstOrDefault(s => s.Name == asked.Name);
        if (isMadeForPod && made is null)
        {
            return $"pod \"{Of(pod.Metadata)}\", spec.resourceClaim \"{asked.Name}\": ResourceClaim not created yet";
        }

        return (asked.ResourceClaimName ?? made!.ResourceClaimName) is { } name
            ? await ProblemAsync(pod, name, isMadeForPod, cancellationToken)
            : null; // the template asks for nothing on this node
    }

    private async Task<string?> ProblemAsync(
        V1Pod pod, string name, bool isMadeForPod, CancellationToken cancellationToken)
    {
        try
        {
            var claim = await objects.GetResourceClaimAsync(
                pod.Metadata.NamespaceProperty, name, cancellationToken);
            return claim is null
                ? $"fetch ResourceClaim {name}: resourceclaims.resource.k8s.io \"{name}\" not found"
                : ProblemOf(pod, claim, isMadeForPod);
        }
        catch (Exception failure) when (
            failure is HttpOperationException or HttpRequestException && !cancellationToken.IsCancellationRequested)
        {
            return $"fetch ResourceClaim {name}: {failure.Message}";
        }
    }

    private static string? ProblemOf(V1Pod pod, Resourcev1ResourceClaim claim, bool isMadeForPod)
    {
        var (name, uid) = (claim.Metadata.Name, pod.Metadata.Uid);
        if (isMadeForPod && claim.Metadata.OwnerReferences?.Any(o => o.Controller == true && o.Uid == uid) != true)
        {
            return $"ResourceClaim {Of(claim.Metadata)} was not created for Pod {Of(pod.Metadata)} (Pod is not owner)";
        }

        if (claim.Status?.ReservedFor?.Any(r => r.Uid == uid) != true)
        {
            return $"pod {pod.Metadata.Name} ({uid}) is not allowed to use ResourceClaim {name} ({claim.Metadata.Uid})";
        }

        return claim.Status.Allocation is not { } allocation ? $"ResourceClaim {name}: not allocated"
            : allocation.Devices?.Results is [var first, ..] ? $"DRA driver {first.Driver} is not registered"
            : null;
    }

    private static string Of(V1ObjectMeta metadata) => $"{metadata.NamespaceProperty}/{metadata.Name}";
}
