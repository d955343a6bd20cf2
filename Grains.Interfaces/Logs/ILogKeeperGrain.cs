namespace OrleansOrchestrator.Interfaces.Logs;

/// <summary>
/// Keeps the store of logs in order: merges small segments, drops what is too old or too much, and adds the cluster's
/// Events. One for the cluster, with key 0; its reminder wakes it each minute.
/// </summary>
[Alias("orch.log-keeper-grain")]
public interface ILogKeeperGrain : IGrainWithIntegerKey
{
    /// <summary>Sees to the reminder. Cheap; each silo calls it when it starts.</summary>
    [Alias("EnsureRunning")]
    Task EnsureRunningAsync();
}
