using System.Text.Json.Serialization;
using k8s;
using k8s.Models;

namespace OrleansOrchestrator.Resources.Core.Connections;

/// <summary>
/// What a client wants of a connection to a pod, a service or a node. Admission sees it as the object of the request,
/// though it has no metadata, and is never stored.
/// </summary>
public abstract class ConnectOptions : IKubernetesObject<V1ObjectMeta>
{
    /// <inheritdoc/>
    [JsonPropertyName("apiVersion")]
    public string ApiVersion { get; set; } = "v1";

    /// <inheritdoc/>
    [JsonPropertyName("kind")]
    public string Kind { get; set; } = "";

    /// <summary>Nothing that is sent; plugins find it empty.</summary>
    public V1ObjectMeta Metadata { get; set; } = new();
}
