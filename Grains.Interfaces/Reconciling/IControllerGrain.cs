namespace OrleansOrchestrator.Interfaces.Reconciling;

/// <summary>
/// One controller of the cluster; its key is the controller's name. It follows the journals that it needs, sends
/// wake-ups to the objects that must reconcile, and by a reminder re-drives all of them.
/// </summary>
[Alias("orch.controller-grain")]
public interface IControllerGrain : IGrainWithStringKey
{
    /// <summary>
    /// Activates the controller where it is not active, and starts its loop again if that has ended. Every silo calls
    /// it every few seconds, so the controllers of a lost silo move.
    /// </summary>
    [Alias("EnsureRunning")]
    Task EnsureRunningAsync();
}
