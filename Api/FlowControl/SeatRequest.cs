using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>A request that wants seats: who, what, and by which flow.</summary>
/// <param name="Flow">What it belongs to; null where only queues matter.</param>
/// <param name="Distinguisher">What tells its flow from others of the schema.</param>
/// <param name="Estimate">What it is thought to cost.</param>
/// <param name="Info">What it asks, for dumps.</param>
/// <param name="User">Who asks, for dumps.</param>
public readonly record struct SeatRequest(
    Flow? Flow, string Distinguisher, SeatEstimate Estimate, RequestInfo? Info = null, UserIdentity? User = null);

/// <summary>A request that has its seats.</summary>
internal struct SeatHolder
{
    public SeatRequest Request;
    public FairQueue? Queue;
    public long Arrived;
    public long Started;

    /// <summary>The next free slot when this one is free.</summary>
    public int NextFree;

    public bool IsTaken;
}
