using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Apps.Deployments;

/// <summary>What wakes a Deployment: itself, and the ReplicaSets that it controls or could adopt.</summary>
internal static class DeploymentWakes
{
    public static readonly WakeRegistration Registration = WakeRegistration.OfOwners<V1Deployment>(
        "deployment-controller", WellKnown.Deployments, "Deployment", [WellKnown.ReplicaSets],
        static d => d.Spec.Selector);
}
