using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>The flows of a server at one moment, in the order in which requests are offered to them.</summary>
internal sealed class FlowPlan(IReadOnlyList<Flow> flows, IReadOnlyList<PriorityLevel> levels)
{
    private readonly Flow[] _flows = [.. flows];
    private readonly Flow _last = flows.Last(static f => f.Level.Name == PriorityLevel.CatchAll);

    public IReadOnlyList<Flow> Flows => _flows;

    public IReadOnlyList<PriorityLevel> Levels => levels;

    /// <summary>Of what a request is: of the first that takes it, of the catch-all when none does.</summary>
    public Flow Classify(RequestInfo request, UserIdentity user)
    {
        foreach (var flow in _flows)
        {
            if (flow.Match(request, user))
            {
                return flow;
            }
        }

        return _last;
    }
}
