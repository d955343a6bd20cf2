using OrleansOrchestrator.Grains.Kernel;

namespace OrleansOrchestrator.Grains.Core.Nodes;

/// <summary>
/// Owner of one Node. Health, taints and eviction need sight of all nodes: the node controllers see to them.
/// </summary>
[GrainType("node")]
public sealed class NodeGrain(ObjectGrainServices services) : ObjectGrainBase(services);
