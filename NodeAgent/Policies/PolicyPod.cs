using System.Net;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Policies;

/// <summary>A port of a pod that has a name.</summary>
public readonly record struct NamedPort(string Protocol, string Name, int Number);

/// <summary>What policies ask of a pod.</summary>
public sealed record PolicyPod
{
    public required string Namespace { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Its addresses of either family, in their usual form; none as long as it has no network.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    public IReadOnlyList<NamedPort> Ports { get; init; } = [];

    /// <summary>It runs on this node.</summary>
    public bool IsLocal { get; init; }

    /// <summary>
    /// Null for a pod that policies pass over: one that has ended, or one with the node's own addresses, which are no
    /// pod's.
    /// </summary>
    public static PolicyPod? Of(V1Pod pod, IEnumerable<string> addresses, bool isLocal) =>
        pod.UsesHostNetwork() || pod.HasTerminalPhase() ? null : new PolicyPod
        {
            Namespace = pod.Metadata.NamespaceProperty,
            Labels = new Dictionary<string, string>(pod.Metadata.Labels ?? new Dictionary<string, string>()),
            Addresses =
            [
                .. addresses.Select(static a => IPAddress.TryParse(a, out var parsed) ? parsed.ToString() : null)
                    .OfType<string>(),
            ],
            Ports =
            [
                .. pod.Sidecars().Concat(pod.Spec.Containers).SelectMany(static c => c.Ports ?? [])
                    .Where(static p => !string.IsNullOrEmpty(p.Name))
                    .Select(static p => new NamedPort(p.Protocol ?? "TCP", p.Name, p.ContainerPort)),
            ],
            IsLocal = isLocal,
        };

    /// <summary>Whether the other one is the same to every policy.</summary>
    public bool IsSameAs(PolicyPod? other) =>
        other is not null && Namespace == other.Namespace && IsLocal == other.IsLocal
        && Addresses.SequenceEqual(other.Addresses) && Ports.SequenceEqual(other.Ports)
        && IsSame(Labels, other.Labels);

    /// <summary>Whether labels are the same.</summary>
    public static bool IsSame(
        IReadOnlyDictionary<string, string> labels, IReadOnlyDictionary<string, string> others) =>
        labels.Count == others.Count
        && labels.All(l => others.TryGetValue(l.Key, out var value) && value == l.Value);
}
