using k8s.Models;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>The node that changes of a pod are judged by.</summary>
internal static class NodeOfPod
{
    /// <summary>True when a pod that has a node gets another spec.</summary>
    public static bool IsAsked(AdmissionAttributes attributes) =>
        attributes.Object is V1Pod { Spec.NodeName.Length: > 0 } pod
        && pod.Metadata.Generation != attributes.OldObject!.Metadata.Generation;

    /// <summary>Its node, or what upstream says when there is none.</summary>
    public static async ValueTask<Outcome<V1Node>> FindAsync(
        ObjectReader reader, AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var name = ((V1Pod)attributes.Object!).Spec.NodeName;
        var node = await reader.FindAsync<V1Node>(WellKnown.Nodes, new ObjectKey("", name), cancellationToken);
        return node is null
            ? AdmissionRefusals.Forbidden(attributes, $"node {GoText.Quote(name)} not found")
            : node;
    }
}
