using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Policies;

/// <summary>Everything that policies ask about, as of one moment.</summary>
/// <param name="Policies">All policies of the cluster.</param>
/// <param name="Namespaces">Labels of all namespaces, by name.</param>
/// <param name="Pods">All pods that count.</param>
public sealed record PolicyWorld(
    IReadOnlyList<V1NetworkPolicy> Policies,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Namespaces,
    IReadOnlyList<PolicyPod> Pods);
