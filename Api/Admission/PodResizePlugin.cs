using k8s.Models;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// A pod that has a node is resized only there where it can be, and to no more than the node has for pods.
/// </summary>
public sealed class PodResizePlugin(ObjectReader reader) : IAdmissionPlugin
{
    private const string SystemLabel = "kubernetes.io/os";

    public string Name => "PodResizeValidator";

    public bool Handles(AdmissionAttributes attributes) =>
        attributes is { Operation: AdmissionOperation.Update, Subresource: "resize" }
        && attributes.Definition.Name == WellKnown.Pods;

    public async ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        if (!NodeOfPod.IsAsked(attributes))
        {
            return null;
        }

        var node = await NodeOfPod.FindAsync(reader, attributes, cancellationToken);
        return !node.Succeeded ? node.Error
            : Refusal((V1Pod)attributes.Object!, node.Value) is var (why, cause) ? Forbidden(attributes, why, cause)
            : null;
    }

    /// <summary>Why the node cannot give the pod what it asks for; null when it can.</summary>
    public static (string Why, string Cause)? Refusal(V1Pod pod, V1Node node)
    {
        if (node.Metadata.Labels?.TryGetValue(SystemLabel, out var system) == true && system != "linux")
        {
            return (
                "pod resize is only supported on linux nodes, "
                + $"node {GoText.Quote(node.Metadata.Name)} is {GoText.Quote(system)}",
                "UnsupportedPlatform");
        }

        var requests = PodResources.TotalRequests(pod.Spec);
        List<string> excesses = [];
        var (cpu, ofNode) = Amounts(requests, node, ResourceNames.Cpu);
        if (cpu > ofNode)
        {
            excesses.Add($"cpu, requested: {cpu.MilliValue}, allocatable: {ofNode.MilliValue}");
        }

        (var memory, ofNode) = Amounts(requests, node, ResourceNames.Memory);
        if (memory > ofNode)
        {
            excesses.Add($"memory, requested: {memory.Value}, allocatable: {ofNode.Value}");
        }

        return excesses.Count == 0
            ? null
            : ($"node didn't have enough allocatable resources: {string.Join("; ", excesses)}", "NodeCapacity");
    }

    private static (Quantity Requested, Quantity Allocatable) Amounts(
        Dictionary<string, Quantity> requests, V1Node node, string name) => (
        requests.GetValueOrDefault(name, Quantity.Zero),
        node.Status?.Allocatable?.TryGetValue(name, out var allocatable) == true
            ? Quantity.Of(allocatable)
            : Quantity.Zero);

    private static Status Forbidden(AdmissionAttributes attributes, string why, string cause)
    {
        var refusal = AdmissionRefusals.Forbidden(attributes, why);
        return refusal with { Details = refusal.Details! with { Causes = [new StatusCause(cause, null, null)] } };
    }
}
