namespace OrleansOrchestrator.Interfaces.Metrics;

/// <summary>Takes each round on, to somebody outside.</summary>
public interface IUsagePush
{
    /// <summary>Takes a round. Never waits: what finds no room is dropped and counted.</summary>
    void Offer(UsageRound round);
}
