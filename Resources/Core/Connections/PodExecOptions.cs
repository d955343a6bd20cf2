using System.Text.Json.Serialization;

namespace OrleansOrchestrator.Resources.Core.Connections;

/// <summary>What somebody wants to run in a container, and with which streams.</summary>
public sealed class PodExecOptions : PodAttachOptions
{
    [JsonPropertyName("command")]
    public IList<string>? Command { get; set; }
}
