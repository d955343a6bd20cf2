using OrleansOrchestrator.NodeAgent.Nftables;

namespace OrleansOrchestrator.NodeAgent.Policies;

/// <summary>The kernel's table of policies for one family of addresses. Calls come one at a time.</summary>
/// <param name="family">The family.</param>
/// <param name="name">Name of the table.</param>
/// <param name="time">Clock.</param>
/// <param name="space">Network namespace by name; null for our own.</param>
public sealed class PolicyTable(IpFamily family, string name, TimeProvider time, string? space = null)
{
    private readonly KernelTable _kernel = new(PolicyRules.Layout(name, family), time, space);
    private Ruleset _inForce = new();

    /// <summary>Whether the kernel holds what was last applied.</summary>
    public bool IsKnown => _kernel.IsKnown;

    /// <summary>Puts in force what policies say of packets of the family. False when nothing had to change.</summary>
    public async Task<bool> ApplyAsync(PolicyWorld world, CancellationToken cancellationToken)
    {
        var rules = PolicyRules.Compile(PolicyPlanner.Compute(world, family), family);
        var isWritten = await _kernel.ApplyAsync(_inForce, rules, () => rules, cancellationToken);
        _inForce = rules;
        return isWritten;
    }

    /// <summary>Whether our rules are still there; when not, the next change writes everything.</summary>
    public Task<bool> IsIntactAsync(CancellationToken cancellationToken) => _kernel.IsIntactAsync(cancellationToken);

    /// <summary>Takes the table out of the kernel.</summary>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        await _kernel.RemoveAsync(cancellationToken);
        _inForce = new Ruleset();
    }
}
