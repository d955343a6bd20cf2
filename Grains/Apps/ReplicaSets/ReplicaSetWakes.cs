using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Apps.ReplicaSets;

/// <summary>What wakes a ReplicaSet: itself, and the pods that it controls or could adopt.</summary>
internal static class ReplicaSetWakes
{
    public static readonly WakeRegistration Registration = WakeRegistration.OfOwners<V1ReplicaSet>(
        "replicaset-controller", WellKnown.ReplicaSets, "ReplicaSet", [WellKnown.Pods], static s => s.Spec.Selector);
}
