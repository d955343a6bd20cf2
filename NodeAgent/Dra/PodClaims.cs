using k8s.Models;
using OrleansOrchestrator.NodeAgent.Dra.V1;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.NodeAgent.Dra;

/// <summary>A claim that a pod refers to.</summary>
/// <param name="Name">The claim's name.</param>
/// <param name="IsMadeForPod">From a template: it has to be the pod's own.</param>
public readonly record struct ClaimReference(string Name, bool IsMadeForPod);

/// <summary>
/// What pods and containers say of the claims that they use, and what drivers answer, with upstream's checks and
/// messages. What does not hold is a <see cref="DraException"/>. Pure.
/// </summary>
public static class PodClaims
{
    /// <summary>The claims of a pod, with the one that the scheduler has made for its extended resources.</summary>
    public static IEnumerable<ClaimReference> Of(V1Pod pod)
    {
        foreach (var asked in pod.Spec.ResourceClaims ?? [])
        {
            if (Find(pod, asked) is { } found)
            {
                yield return found;
            }
        }

        if (pod.Status?.ExtendedResourceClaimStatus?.ResourceClaimName is { Length: > 0 } extended)
        {
            yield return new ClaimReference(extended, IsMadeForPod: false);
        }
    }

    /// <summary>What is noted of a claim that the pod may use.</summary>
    public static ClaimRecord Checked(V1Pod pod, Resourcev1ResourceClaim claim, bool isMadeForPod)
    {
        var (name, uid) = (claim.Metadata.Name, pod.Metadata.Uid);
        if (isMadeForPod && claim.Metadata.OwnerReferences?.Any(o => o.Controller == true && o.Uid == uid) != true)
        {
            throw new DraException(
                $"ResourceClaim {Of(claim.Metadata)} was not created for Pod {Of(pod.Metadata)} (Pod is not owner)");
        }

        if (claim.Status?.ReservedFor?.Any(r => r.Uid == uid) != true)
        {
            throw new DraException(
                $"pod {pod.Metadata.Name} ({uid}) is not allowed to use ResourceClaim {name} ({claim.Metadata.Uid})");
        }

        var allocation = claim.Status.Allocation ?? throw new DraException($"ResourceClaim {name}: not allocated");
        return new ClaimRecord
        {
            Namespace = claim.Metadata.NamespaceProperty,
            Name = name,
            Uid = claim.Metadata.Uid,
            Drivers = (allocation.Devices?.Results ?? []).Select(static r => r.Driver)
                .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
                .ToDictionary(static d => d, static _ => (IReadOnlyList<PreparedDevice>)[], StringComparer.Ordinal),
        };
    }

    /// <summary>What each driver is asked for, all of its claims at once.</summary>
    public static IEnumerable<(string Driver, IReadOnlyList<ClaimRecord> Claims)> Batches(
        IReadOnlyList<ClaimRecord> claims) =>
        claims.SelectMany(static c => c.Drivers.Keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(d => (d, (IReadOnlyList<ClaimRecord>)[.. claims.Where(c => c.Drivers.ContainsKey(d))]));

    public static Claim Asked(ClaimRecord claim) =>
        new() { Namespace = claim.Namespace, Name = claim.Name, Uid = claim.Uid };

    /// <summary>A driver has answered for each of the claims that it was asked about, and for no other.</summary>
    /// <param name="method">What it was asked for.</param>
    /// <param name="asked">The claims.</param>
    /// <param name="errors">What it has answered, by uid: empty where all is well.</param>
    public static void RequireDone(
        string method, IReadOnlyList<ClaimRecord> asked, IReadOnlyDictionary<string, string> errors)
    {
        foreach (var (uid, error) in errors)
        {
            var claim = asked.FirstOrDefault(c => c.Uid == uid)
                ?? throw new DraException($"{method} returned result for unknown claim UID {uid}");
            if (error.Length > 0)
            {
                throw new DraException($"{method} failed for ResourceClaim {claim.Name}: {error}");
            }
        }

        if (errors.Count < asked.Count)
        {
            throw new DraException($"{method} skipped {asked.Count - errors.Count} ResourceClaims");
        }
    }

    /// <summary>The claim with what one of its drivers has prepared.</summary>
    public static ClaimRecord WithDevices(ClaimRecord claim, string driver, IEnumerable<Device> devices) => claim with
    {
        Drivers = new Dictionary<string, IReadOnlyList<PreparedDevice>>(claim.Drivers, StringComparer.Ordinal)
        {
            [driver] =
            [
                .. devices.Select(static d => new PreparedDevice
                {
                    Pool = d.PoolName,
                    Name = d.DeviceName,
                    ShareId = d.HasShareId ? d.ShareId : null,
                    Requests = [.. d.RequestNames],
                    CdiIds = [.. d.CdiDeviceIds],
                }),
            ],
        },
    };

    /// <summary>The claims that a container uses, and which request of each; an empty one is all of them.</summary>
    public static IEnumerable<(string Claim, string Request)> UsedBy(V1Pod pod, V1Container container)
    {
        var own =
            from asked in pod.Spec.ResourceClaims ?? []
            from used in container.Resources?.Claims ?? []
            where used.Name == asked.Name
            let found = Find(pod, asked)
            where found is not null
            select (found.Value.Name, used.Request ?? "");
        var extended =
            from mapping in pod.Status?.ExtendedResourceClaimStatus?.RequestMappings ?? []
            where mapping.ContainerName == container.Name && Requests(container, mapping.ResourceName)
            select (pod.Status!.ExtendedResourceClaimStatus.ResourceClaimName, mapping.RequestName);
        return own.Concat(extended);
    }

    /// <summary>The claim's name; null when it is not made yet, or its template asks for nothing.</summary>
    public static string? NameOf(V1Pod pod, V1PodResourceClaim asked) =>
        asked.ResourceClaimName ?? Made(pod, asked)?.ResourceClaimName;

    /// <summary>The request that an alternative (<c>REQUEST/ALTERNATIVE</c>) belongs to; empty for all.</summary>
    public static string BaseRequest(string? request) => request?.Split('/')[0] ?? "";

    /// <summary>Null when the template asks for nothing.</summary>
    private static ClaimReference? Find(V1Pod pod, V1PodResourceClaim asked)
    {
        var isMadeForPod = asked.ResourceClaimName is null;
        if (isMadeForPod && Made(pod, asked) is null)
        {
            throw new DraException(
                $"pod \"{Of(pod.Metadata)}\", spec.resourceClaim \"{asked.Name}\": ResourceClaim not created yet");
        }

        return NameOf(pod, asked) is { } name ? new ClaimReference(name, isMadeForPod) : null;
    }

    private static V1PodResourceClaimStatus? Made(V1Pod pod, V1PodResourceClaim asked) =>
        pod.Status?.ResourceClaimStatuses?.FirstOrDefault(s => s.Name == asked.Name);

    private static bool Requests(V1Container container, string resource) =>
        container.Resources?.Requests is { } requests && requests.TryGetValue(resource, out var amount)
            && !Quantity.Of(amount).IsZero;

    private static string Of(V1ObjectMeta metadata) => $"{metadata.NamespaceProperty}/{metadata.Name}";
}
