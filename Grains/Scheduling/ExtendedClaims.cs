using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Pods;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// The ResourceClaim that is made for a pod whose extended resources are devices of a class. There is none before the
/// pod has found its node; its name derives from the pod, so what an interrupted attempt has made is found.
/// </summary>
internal static class ExtendedClaims
{

    /// <summary>The claim, still to be made.</summary>
    public static ExtendedClaim New(
        PodInfo pod, IReadOnlyList<ExtendedRequest> wanted, Func<string, string?> classes)
    {
        var names = NamesFor(pod);
        var devices = new ExtendedDevices(wanted);
        var claim = new Resourcev1ResourceClaim
        {
            Metadata = new V1ObjectMeta
            {
                Name = names.Name(0),
                GenerateName = names.Prefix,
                NamespaceProperty = pod.Key.Namespace,
                Uid = PendingUid(pod.Uid),
                Annotations = new Dictionary<string, string> { [ResourceNames.ExtendedClaimAnnotation] = "true" },
                OwnerReferences =
                [
                    new V1OwnerReference
                    {
                        ApiVersion = "v1", Kind = "Pod", Name = pod.Key.Name, Uid = pod.Uid, Controller = true,
                    },
                ],
            },
            Spec = new V1ResourceClaimSpec
            {
                Devices = new V1DeviceClaim { Requests = [.. devices.Requests.Select(r => Request(r, classes))] },
            },
        };
        return new ExtendedClaim(claim, devices.Mappings);
    }

    /// <summary>Where the pod's claim is, once it is made.</summary>
    public static ObjectKey KeyFor(PodInfo pod) => new(pod.Key.Namespace, NamesFor(pod).Name(0));

    /// <summary>Stands for the uid of a claim that is not made yet.</summary>
    public static string PendingUid(string podUid) => $"{podUid}/extended-resources";

    /// <summary>True for a claim of this kind.</summary>
    public static bool Is(Resourcev1ResourceClaim claim) =>
        claim.Metadata.Annotations?.ContainsKey(ResourceNames.ExtendedClaimAnnotation) == true;

    /// <summary>True for a claim of this kind.</summary>
    public static bool Is(ResourceObject claim) =>
        claim.Metadata.Annotations.ContainsKey(ResourceNames.ExtendedClaimAnnotation);

    /// <summary>The uid of the pod that a claim of this kind was made for; null for others.</summary>
    public static string? PodOf(Resourcev1ResourceClaim claim) => Is(claim)
        ? claim.Metadata.OwnerReferences?.FirstOrDefault(static o => o.Controller == true)?.Uid
        : null;

    private static V1DeviceRequest Request(
        (string Name, string Resource, long Count) request, Func<string, string?> classes) => new()
        {
            Name = request.Name,
            Exactly = new V1ExactDeviceRequest
            {
                DeviceClassName = classes(request.Resource), AllocationMode = "ExactCount", Count = request.Count,
            },
        };

    private static ChildNames NamesFor(PodInfo pod) =>
        new($"{pod.Key.Name}-extended-resources", PendingUid(pod.Uid));
}
