using System.Text.Json.Nodes;
using k8s;
using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// An object of a kind that a CustomResourceDefinition makes: typed metadata as of every object, and beside it
/// whatever its definition allows. It is written with all its fields by name, as upstream's unstructured objects are.
/// </summary>
public sealed class CustomObject : IKubernetesObject<V1ObjectMeta>
{
    /// <summary>What is beside the body.</summary>
    internal static readonly string[] TypeAndMetadata = ["apiVersion", "kind", "metadata"];

    public string? ApiVersion { get; set; }

    public string? Kind { get; set; }

    public V1ObjectMeta Metadata { get; set; } = new();

    /// <summary>All fields but <c>apiVersion</c>, <c>kind</c> and <c>metadata</c>.</summary>
    public JsonObject Body { get; set; } = [];
}
