using OrleansOrchestrator.Grains.Kernel;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>
/// The work of one controller grain, free of Orleans so that tests drive it over a fake API. Two of them may run at
/// once for a moment (a membership change): every step is idempotent.
/// </summary>
public interface IController
{
    /// <summary>
    /// Runs until cancelled, or until its silo stops. An exception ends it; the grain starts it again after a back-off.
    /// </summary>
    Task RunAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Brings everything to where it must be without having heard of any change: what the reminder calls.
    /// </summary>
    Task ResyncAsync(CancellationToken cancellationToken);
}

/// <summary>Makes known a controller to the keeper and to its grain.</summary>
/// <param name="Name">Upstream's name, for example <c>deployment-controller</c>; also its user.</param>
/// <param name="Create">Called once per activation of the grain.</param>
public sealed record ControllerRegistration(string Name, Func<IServiceProvider, IController> Create);

/// <summary>
/// Brings the world to what one object asks for. One instance per activation of the object's grain, never called
/// concurrently. Throws for what should be tried again after a back-off.
/// </summary>
public interface IObjectReconciler
{
    /// <summary>Reads everything, decides, applies. The object may be gone by now.</summary>
    Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken);
}
