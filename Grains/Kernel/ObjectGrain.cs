namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>The object grain of kinds without transitions or reconciliation of their own.</summary>
[GrainType("object")]
public sealed class ObjectGrain(ObjectGrainServices services) : ObjectGrainBase(services);
