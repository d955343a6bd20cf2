using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.ReplicationControllers;

/// <summary>What wakes a ReplicationController: itself, and the pods that it controls or could adopt.</summary>
internal static class ReplicationControllerWakes
{
    public static readonly WakeRegistration Registration = WakeRegistration.OfOwners<V1ReplicationController>(
        "replication-controller", WellKnown.ReplicationControllers, "ReplicationController", [WellKnown.Pods],
        static c => new V1LabelSelector { MatchLabels = c.Spec.Selector });
}
