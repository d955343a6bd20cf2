using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>
/// When a start that failed is tried again. The pod's worker wakes for much else, such as the status that it has just
/// reported itself, and each attempt tells its events: so a start is held back for as long as upstream's kubelet would
/// look away, unless something has changed that it may depend on.
/// </summary>
public sealed partial class PodWorker
{
    private readonly Dictionary<string, SteadyTime> _held = [];
    private volatile bool _dependenciesChanged;

    private bool IsHeld(ContainerStart start) =>
        _held.TryGetValue(start.Container.Name, out var until) && _services.Time.GetSteadyTime() < until;

    /// <summary>What is held may be tried at once: the pod, or what it refers to, is another.</summary>
    private void ReleaseStarts()
    {
        if (_dependenciesChanged)
        {
            _dependenciesChanged = false;
            _held.Clear();
        }
    }

    /// <summary>
    /// A container that the runtime has made waits for its back-off. After a first failed pull the next attempt only
    /// says that the pull waits.
    /// </summary>
    private void HoldStart(ContainerStart start, ContainerStartException failure)
    {
        if (failure.HasContainer || ImagePuller.IsFailedPull(failure.Reason))
        {
            return;
        }

        var until = _services.Time.GetSteadyTime() + StartRetry;
        _held[start.Container.Name] = _services.Images.NextAttempt(Uid) is { } pull && pull < until ? pull : until;
    }

    /// <summary>When the first of the starts that failed is due again.</summary>
    private SteadyTime? NextStart(PodPlan plan)
    {
        var failed = plan.Starts.Where(s => _waiting.ContainsKey(s.Container.Name)).ToList();
        return failed.Count == 0 ? null
            : failed.Min(s => _held.TryGetValue(s.Container.Name, out var until)
                ? until
                : _services.Images.NextAttempt(Uid) ?? (_services.Time.GetSteadyTime() + StartRetry));
    }
}
