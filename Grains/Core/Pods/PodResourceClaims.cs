using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Core.Pods;

/// <summary>Which ResourceClaims a pod uses.</summary>
public static class PodResourceClaims
{
    /// <summary>The controller that makes claims and takes them back; also its user.</summary>
    public const string Controller = "resource-claim-controller";

    /// <summary>What the claim is called in the pod that it was made for.</summary>
    public const string NameAnnotation = "resource.kubernetes.io/pod-claim-name";

    /// <summary>Leaves space for a hyphen and five more letters.</summary>
    private const int MaxBaseLength = 57;

    /// <summary>Every pod with claims has one of these keys in its JSON.</summary>
    public static bool MayHave(ReadOnlySpan<byte> json) => json.IndexOf("\"resourceClaims\":"u8) >= 0
        || json.IndexOf("\"extendedResourceClaimStatus\":"u8) >= 0;

    /// <summary>Names of the claims that the pod has, those that were made for it included.</summary>
    public static IEnumerable<string> Named(V1Pod pod) => (pod.Spec?.ResourceClaims ?? [])
        .Select(c => c.ResourceClaimName ?? MadeFor(pod, c.Name)?.ResourceClaimName)
        .Append(pod.Status?.ExtendedResourceClaimStatus?.ResourceClaimName)
        .Where(static n => !string.IsNullOrEmpty(n))!;

    /// <summary>What the pod's status says of a claim that is made for it; without a name none is needed.</summary>
    public static V1PodResourceClaimStatus? MadeFor(V1Pod pod, string claim) =>
        pod.Status?.ResourceClaimStatuses?.FirstOrDefault(s => s.Name == claim);

    /// <summary>The claim was made for the pod.</summary>
    public static bool IsOwn(string podUid, Resourcev1ResourceClaim claim) =>
        claim.Metadata.OwnerReferences?.Any(o => o.Controller == true && o.Uid == podUid) == true;

    /// <summary>The pod runs no more and never will, so that what it had is free.</summary>
    public static bool IsDone(V1Pod pod) => pod.Status?.Phase is "Succeeded" or "Failed"
        || (pod.Metadata.DeletionTimestamp is not null && string.IsNullOrEmpty(pod.Spec?.NodeName));

    /// <summary>The pod holds the claim.</summary>
    public static bool IsReserved(string podUid, Resourcev1ResourceClaim claim) =>
        claim.Status?.ReservedFor?.Any(r => r.Uid == podUid) == true;

    /// <summary>The name of the claim that is made for a pod: it derives from both, in upstream's shape.</summary>
    public static string NameFor(V1Pod pod, string claim) => NamesFor(pod, claim).Name(0);

    /// <summary>The claim of a template.</summary>
    public static Resourcev1ResourceClaim New(V1Pod pod, string name, V1ResourceClaimTemplate template)
    {
        var names = NamesFor(pod, name);
        return new Resourcev1ResourceClaim
        {
            Metadata = new V1ObjectMeta
            {
                Name = names.Name(0),
                GenerateName = names.Prefix,
                NamespaceProperty = pod.Metadata.NamespaceProperty,
                Labels = template.Spec.Metadata?.Labels,
                Annotations = new Dictionary<string, string>(
                    template.Spec.Metadata?.Annotations ?? new Dictionary<string, string>(), StringComparer.Ordinal)
                {
                    [NameAnnotation] = name,
                },
                OwnerReferences =
                [
                    new V1OwnerReference
                    {
                        ApiVersion = "v1",
                        Kind = "Pod",
                        Name = pod.Metadata.Name,
                        Uid = pod.Metadata.Uid,
                        Controller = true,
                    },
                ],
            },
            Spec = template.Spec.Spec,
        };
    }

    private static ChildNames NamesFor(V1Pod pod, string claim) =>
        new(BaseName(pod.Metadata.Name, claim), $"{pod.Metadata.Uid}/{claim}");

    /// <summary>Both names, shortened in proportion when they are too long together.</summary>
    private static string BaseName(string pod, string claim)
    {
        var length = pod.Length + claim.Length + 2;
        return length <= MaxBaseLength
            ? $"{pod}-{claim}"
            : $"{pod[..(pod.Length * MaxBaseLength / length)]}-{claim[..(claim.Length * MaxBaseLength / length)]}";
    }
}
