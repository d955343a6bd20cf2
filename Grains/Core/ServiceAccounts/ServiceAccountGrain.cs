using OrleansOrchestrator.Grains.Kernel;

namespace OrleansOrchestrator.Grains.Core.ServiceAccounts;

/// <summary>Owner of one ServiceAccount.</summary>
[GrainType("serviceaccount")]
public sealed class ServiceAccountGrain(ObjectGrainServices services) : ObjectGrainBase(services);
