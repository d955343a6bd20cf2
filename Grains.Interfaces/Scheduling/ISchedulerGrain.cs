namespace OrleansOrchestrator.Interfaces.Scheduling;

/// <summary>
/// Assigns pods to nodes, in one of several ways, which pods choose by <c>spec.schedulerName</c>: one grain does all,
/// so that none gives away what another has given away already. It follows nodes and pods on its own; nobody calls it
/// but for keeping it alive.
/// </summary>
[Alias("orch.scheduler-grain")]
public interface ISchedulerGrain : IGrainWithStringKey
{
    /// <summary>
    /// Starts scheduling if it does not run, and keeps the activation alive. Cheap; call it every few seconds.
    /// </summary>
    [Alias("Ping")]
    Task PingAsync();
}

/// <summary>Names of schedulers.</summary>
public static class SchedulerNames
{
    /// <summary>What pods get when they name none.</summary>
    public const string Default = "default-scheduler";
}
