using OrleansOrchestrator.Logs.Search;

namespace OrleansOrchestrator.Logs.Shipping;

/// <summary>
/// The streams of the cluster's own parts. They are in the namespace of the system, so that who may read logs there
/// sees them, and have identities that no pod can have.
/// </summary>
public static class OwnStreams
{
    private const string Namespace = "kube-system";
    private const string NodeAgent = "node-agent";
    private const string Silo = "silo";
    private const string Audit = "audit";

    /// <summary>The log of a node's agent.</summary>
    public static StreamName OfNode(string node) => Of(NodeAgent, node);

    /// <summary>The log of a silo.</summary>
    /// <param name="silo">Its name: the same for all starts of it, and for no other silo.</param>
    public static StreamName OfSilo(string silo) => Of(Silo, silo);

    /// <summary>What a silo audits: a log of its own beside that of the silo.</summary>
    /// <param name="silo">Its name.</param>
    public static StreamName OfAudit(string silo) =>
        new(Namespace, $"{Silo}-{silo}", $"{Silo}/{silo}/{Audit}", Audit, 0);

    private static StreamName Of(string part, string name) =>
        new(Namespace, $"{part}-{name}", $"{part}/{name}", part, 0);
}
