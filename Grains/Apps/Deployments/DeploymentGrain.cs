using OrleansOrchestrator.Grains.Kernel;

namespace OrleansOrchestrator.Grains.Apps.Deployments;

/// <summary>Owner of one Deployment.</summary>
[GrainType("deployment")]
public sealed class DeploymentGrain(ObjectGrainServices services) : ObjectGrainBase(services);
