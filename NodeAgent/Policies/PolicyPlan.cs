namespace OrleansOrchestrator.NodeAgent.Policies;

/// <summary>What is to hold on this node.</summary>
/// <param name="Ingress">By address of a pod of this node that is isolated for what comes in: what may.</param>
/// <param name="Egress">The same for what goes out.</param>
/// <param name="NamedPorts">By ports that allowances name: the addresses that have one, with its number.</param>
public sealed record PolicyPlan(
    IReadOnlyDictionary<string, IReadOnlyList<Allowance>> Ingress,
    IReadOnlyDictionary<string, IReadOnlyList<Allowance>> Egress,
    IReadOnlyDictionary<PortNamed, IReadOnlyList<(string Address, int Number)>> NamedPorts);
