using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Apps.Deployments;

/// <summary>The rules of Deployments.</summary>
public sealed partial class DeploymentStrategy : ResourceStrategy<V1Deployment>
{
}
