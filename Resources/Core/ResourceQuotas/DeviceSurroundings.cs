using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;

namespace OrleansOrchestrator.Resources.Core.ResourceQuotas;

/// <summary>What the quota of a claim of devices depends on beside the claim.</summary>
public sealed class DeviceSurroundings
{
    private readonly Dictionary<string, string> _resources;
    private readonly HashSet<string>? _offered;
    private readonly Func<string, V1Pod?> _pods;
    private readonly Func<IEnumerable<Resourcev1ResourceClaim>> _claims;

    /// <param name="classes">All classes of devices.</param>
    /// <param name="pods">Finds a pod of the claim's namespace by its name.</param>
    /// <param name="claims">The claims of that namespace.</param>
    public DeviceSurroundings(
        IReadOnlyCollection<V1DeviceClass> classes, Func<string, V1Pod?> pods,
        Func<IEnumerable<Resourcev1ResourceClaim>> claims)
        : this(pods, claims)
    {
        foreach (var item in classes)
        {
            _resources[item.Metadata.Name] = item.Spec.ExtendedResourceName ?? "";
        }

        _offered = [
            .. _resources.Keys.Select(static name => ResourceNames.DeviceClassPrefix + name),
            .. _resources.Values,
        ];
    }

    private DeviceSurroundings(Func<string, V1Pod?> pods, Func<IEnumerable<Resourcev1ResourceClaim>> claims) =>
        (_resources, _pods, _claims) = (new(StringComparer.Ordinal), pods, claims);

    /// <summary>Nothing is known, so every resource may be one of devices.</summary>
    public static DeviceSurroundings Unknown { get; } = new(static _ => null, static () => []);

    /// <summary>True for an extended resource that some class offers.</summary>
    public bool IsOffered(string resource) => _offered?.Contains(resource) ?? true;

    /// <summary>The extended resource that a class offers beside that of its own name; empty for none.</summary>
    public string ResourceOf(string deviceClass) => _resources.GetValueOrDefault(deviceClass, "");

    /// <summary>
    /// The pod for whose extended resources a claim was made, when it is its only one: what is counted for the pod is
    /// not counted for the claim as well. Who merely says so finds none.
    /// </summary>
    public V1Pod? FindPod(Resourcev1ResourceClaim claim)
    {
        if (!IsFor(claim, out var owner) || _pods(owner.Name) is not { } pod || pod.Metadata.Uid != owner.Uid)
        {
            return null;
        }

        var named = pod.Status?.ExtendedResourceClaimStatus?.ResourceClaimName;
        return named is not null
            ? named == claim.Metadata.Name ? pod : null
            : _claims().Any(other => IsFor(other, out var o) && o.Uid == owner.Uid && IsBefore(other, claim)) ? null
            : pod;
    }

    private static bool IsFor(Resourcev1ResourceClaim claim, out V1OwnerReference owner)
    {
        owner = claim.Metadata.OwnerReferences?.FirstOrDefault(static o => o.Controller == true)!;
        return owner is { Kind: "Pod", ApiVersion: "v1" }
            && claim.Metadata.Annotations?.TryGetValue(ResourceNames.ExtendedClaimAnnotation, out var value) == true && value == "true";
    }

    /// <summary>One that is about to be made has no time yet, and is the last.</summary>
    private static bool IsBefore(Resourcev1ResourceClaim other, Resourcev1ResourceClaim claim)
    {
        var (one, two) = (other.Metadata.CreationTimestamp, claim.Metadata.CreationTimestamp ?? DateTime.MaxValue);
        return one < two || (one == two && string.CompareOrdinal(other.Metadata.Name, claim.Metadata.Name) < 0);
    }
}
