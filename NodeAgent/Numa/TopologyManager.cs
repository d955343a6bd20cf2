using k8s.Models;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Numa;

/// <summary>
/// Gives admitted pods all that is theirs alone, devices, CPUs and memory, one pod after the other, as upstream's
/// topology manager does: from the NUMA nodes that are best for all of it together, or refuses them.
/// </summary>
public sealed class TopologyManager : IDisposable
{
    private readonly TopologyRules _rules;
    private readonly HintMerger _merger;
    private readonly IReadOnlyList<IHintProvider> _providers;
    private readonly PinningMeters _meters;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <exception cref="InvalidDataException">The policy cannot be had on this machine.</exception>
    public TopologyManager(
        NodeAgentOptions options, MachineTopology machine, IEnumerable<IHintProvider> providers, KubeletMeters meters,
        TimeProvider time)
    {
        _rules = TopologyRules.Of(options.Resources, machine.Memory.Count);
        _merger = new HintMerger(machine.Distances, _rules.Policy, _rules.PrefersClosest);
        (_providers, _meters, _time) = ([.. providers], meters.Pinning, time);
        if (IsStrict)
        {
            _meters.Aligned.Expect(PinningMeters.OneNode, Scope);
            _meters.NotAligned.Expect(PinningMeters.OneNode, Scope);
        }
    }

    /// <summary>What is given is of one node, or not given.</summary>
    private bool IsStrict => _rules.Policy == TopologyPolicy.SingleNumaNode;

    private string Scope => _rules.IsPodWide ? ResourceOptions.PodScope : ResourceOptions.ContainerScope;

    /// <summary>Gives a pod's containers what they need; why that cannot be, or null.</summary>
    public async Task<(string Reason, string Message)?> AdmitAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        _meters.AdmissionRequests.Add();
        var takesTurn = _providers.Any(provider => provider.Concerns(pod)); // nobody else waits for slow plugins
        if (takesTurn)
        {
            await _turn.WaitAsync(cancellationToken);
        }

        try
        {
            await AllocateAsync(pod, cancellationToken);
            return null;
        }
        catch (AllocationException problem)
        {
            if (_rules.Policy != TopologyPolicy.None)
            {
                _meters.AdmissionErrors.Add();
            }

            return problem.Reason is { } reason
                ? (reason, problem.Message)
                : ("UnexpectedAdmissionError", $"Allocate failed due to {problem.Message}, which is unexpected");
        }
        finally
        {
            if (takesTurn)
            {
                _turn.Release();
            }

            _meters.Admission.Record(_time.GetElapsedTime(started));
        }
    }

    /// <summary>A pod has ended: what it had is free, also where one provider cannot write that down.</summary>
    public void Release(string uid) => ForAll(provider => provider.Release(uid));

    /// <summary>Frees what pods had that went while the agent was away.</summary>
    public void Keep(Predicate<string> isKnown) => ForAll(provider => provider.Keep(isKnown));

    public void Dispose() => _turn.Dispose();

    private async Task AllocateAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        var common = _rules is { IsPodWide: true, Policy: not TopologyPolicy.None }
            ? Merge(provider => provider.HintsOf(pod))
            : (NumaSet?)null;
        foreach (var container in pod.Inits().Concat(pod.Spec.Containers))
        {
            var nodes = _rules.IsPodWide || _rules.Policy == TopologyPolicy.None
                ? common
                : Merge(provider => provider.HintsOf(pod, container));
            foreach (var provider in _providers)
            {
                await provider.AllocateAsync(pod, container, nodes, cancellationToken);
            }

            CountAligned(isWhole: !_rules.IsPodWide);
        }

        CountAligned(isWhole: _rules.IsPodWide);
    }

    private NumaSet? Merge(Func<IHintProvider, TopologyHints> hints)
    {
        var (best, isAdmitted) = _merger.Merge(_providers.Select(hints));
        if (isAdmitted)
        {
            return best.Nodes;
        }

        if (IsStrict)
        {
            _meters.NotAligned.Add(PinningMeters.OneNode, Scope);
        }

        throw new AllocationException("Resources cannot be allocated with Topology locality", "TopologyAffinityError");
    }

    private void CountAligned(bool isWhole)
    {
        if (IsStrict && isWhole)
        {
            _meters.Aligned.Add(PinningMeters.OneNode, Scope);
        }
    }

    private void ForAll(Action<IHintProvider> action)
    {
        var problems = new List<string>();
        foreach (var provider in _providers)
        {
            try
            {
                action(provider);
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                problems.Add(problem.Message);
            }
        }

        if (problems.Count > 0)
        {
            throw new IOException(string.Join("; ", problems));
        }
    }
}
