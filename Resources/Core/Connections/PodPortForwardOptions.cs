using System.Text.Json.Serialization;

namespace OrleansOrchestrator.Resources.Core.Connections;

/// <summary>Which ports of a pod somebody wants to reach.</summary>
public sealed class PodPortForwardOptions : ConnectOptions
{
    [JsonPropertyName("ports")]
    public IList<int>? Ports { get; set; }
}
