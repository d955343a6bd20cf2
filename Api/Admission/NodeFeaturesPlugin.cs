using k8s.Models;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>A pod that has a node changes only in ways that its node declares to know.</summary>
public sealed class NodeFeaturesPlugin(ObjectReader reader) : IAdmissionPlugin
{
    private const string ResizesPods = "InPlacePodLevelResourcesVerticalScaling";
    private const string ResizesInitContainers = "InPlacePodVerticalScalingInitContainers";

    public string Name => "NodeDeclaredFeatureValidator";

    public bool Handles(AdmissionAttributes attributes) =>
        attributes is { Operation: AdmissionOperation.Update, Subresource: "" or "resize" }
        && attributes.Definition.Name == WellKnown.Pods;

    public async ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        if (!NodeOfPod.IsAsked(attributes))
        {
            return null;
        }

        var (pod, old) = ((V1Pod)attributes.Object!, (V1Pod)attributes.OldObject!);
        var needed = Needed(pod.Spec, old.Spec).ToList();
        if (needed.Count == 0)
        {
            return null;
        }

        var node = await NodeOfPod.FindAsync(reader, attributes, cancellationToken);
        if (!node.Succeeded)
        {
            return node.Error;
        }

        var missing = needed.Except(node.Value.Status?.DeclaredFeatures ?? [], StringComparer.Ordinal).ToList();
        return missing.Count == 0
            ? null
            : AdmissionRefusals.Forbidden(
                attributes,
                $"pod update requires features {string.Join(", ", missing)} "
                + $"which are not available on node {GoText.Quote(pod.Spec.NodeName)}");
    }

    /// <summary>The features that the change takes, in the order of their names.</summary>
    public static IEnumerable<string> Needed(V1PodSpec next, V1PodSpec old)
    {
        if (!ModelShape.SemanticEquals(next.Resources, old.Resources))
        {
            yield return ResizesPods;
        }

        var containers = (old.InitContainers ?? []).Zip(next.InitContainers ?? []);
        if (containers.Any(static c =>
            !PodResources.IsSidecar(c.First) && !ModelShape.SemanticEquals(c.First.Resources, c.Second.Resources)))
        {
            yield return ResizesInitContainers;
        }
    }
}
