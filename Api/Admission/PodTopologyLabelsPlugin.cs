using k8s.Models;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Tells a pod where it runs: zone and region of its node become labels of the pod when it is bound, or created on a
/// node. A node that is not known says nothing.
/// </summary>
public sealed class PodTopologyLabelsPlugin(ObjectReader reader) : IAdmissionPlugin
{
    private static readonly string[] Copied = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

    public string Name => "PodTopologyLabels";

    public bool Handles(AdmissionAttributes attributes) =>
        attributes.Operation == AdmissionOperation.Create
        && attributes.Definition.Name == WellKnown.Pods
        && attributes.Subresource is "" or "binding";

    public async ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var (metadata, node) = attributes.Object switch
        {
            V1Binding binding => (binding.Metadata, binding.Target?.Name),
            V1Pod pod => (pod.Metadata, pod.Spec?.NodeName),
            _ => (null, null),
        };
        if (metadata is not null && !string.IsNullOrEmpty(node))
        {
            var key = new ObjectKey("", node);
            var found = await reader.GetAsync(WellKnown.Nodes, key, ReadFreshness.Cached, cancellationToken);
            Copy(found?.Metadata.Labels ?? new Dictionary<string, string>(), metadata);
        }

        return null;
    }

    /// <summary>What the node says replaces what the pod says.</summary>
    public static void Copy(IReadOnlyDictionary<string, string> node, V1ObjectMeta pod)
    {
        foreach (var key in Copied)
        {
            if (node.TryGetValue(key, out var value))
            {
                pod.Labels ??= new Dictionary<string, string>(StringComparer.Ordinal);
                pod.Labels[key] = value;
            }
        }
    }
}
