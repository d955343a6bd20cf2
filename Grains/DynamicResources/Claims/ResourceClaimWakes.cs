using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.DynamicResources.Claims;

/// <summary>What wakes a ResourceClaim: itself, and the pods that use it, when they are done.</summary>
internal static class ResourceClaimWakes
{
    public static readonly WakeRegistration Registration = new(
        PodResourceClaims.Controller, WellKnown.ResourceClaims, static () =>
    [
        new Followed(WellKnown.ResourceClaims, static (change, keys) => keys.Add(change.Object.Key)),
        new Followed(WellKnown.Pods, static (change, keys) =>
        {
            if (HasClaims(change.Object)
                && (change.Kind == ChangeKind.Deleted || PodResourceClaims.IsDone(change.Object.As<V1Pod>())))
            {
                foreach (var name in PodResourceClaims.Named(change.Object.As<V1Pod>()))
                {
                    keys.Add(new ObjectKey(change.Object.Key.Namespace, name));
                }
            }
        }),
    ]);

    private static bool HasClaims(ResourceObject pod) => PodResourceClaims.MayHave(pod.Json.Span);
}
