using OrleansOrchestrator.Grains.Kernel;

namespace OrleansOrchestrator.Grains.Core.Namespaces;

/// <summary>Owner of one Namespace.</summary>
[GrainType("namespace")]
public sealed class NamespaceGrain(ObjectGrainServices services) : ObjectGrainBase(services);
