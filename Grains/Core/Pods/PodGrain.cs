using OrleansOrchestrator.Grains.Kernel;

namespace OrleansOrchestrator.Grains.Core.Pods;

/// <summary>Owner of one Pod. Its node's agent moves it; nothing is reconciled here.</summary>
[GrainType("pod")]
public sealed class PodGrain(ObjectGrainServices services) : ObjectGrainBase(services);
