using OrleansOrchestrator.Grains.Kernel;

namespace OrleansOrchestrator.Grains.Core.Services;

/// <summary>Owner of one Service.</summary>
[GrainType("service")]
public sealed class ServiceGrain(ObjectGrainServices services) : ObjectGrainBase(services);
