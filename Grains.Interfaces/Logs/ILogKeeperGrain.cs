namespace OrleansOrchestrator.Interfaces.Logs;

/// <summary>
/// Keeps the store of logs in order: merges small segments and drops what is too old or too much. One for the cluster,
/// with key 0; its reminder wakes it each minute.
/// </summary>
[Alias("orch.log-keeper-grain")]
public interface ILogKeeperGrain : IGrainWithIntegerKey
{
    /// <summary>Sees to the reminder. Cheap; each silo calls it when it starts.</summary>
    [Alias("EnsureRunning")]
    Task EnsureRunningAsync();
}
