using System.Text.Json.Serialization;

namespace OrleansOrchestrator.Resources.Core.Connections;

/// <summary>Which streams of a container somebody wants to have.</summary>
public class PodAttachOptions : ConnectOptions
{
    [JsonPropertyName("stdin")]
    public bool Stdin { get; set; }

    [JsonPropertyName("stdout")]
    public bool Stdout { get; set; }

    [JsonPropertyName("stderr")]
    public bool Stderr { get; set; }

    [JsonPropertyName("tty")]
    public bool Tty { get; set; }

    /// <summary>Null or empty for the pod's only one.</summary>
    [JsonPropertyName("container")]
    public string? Container { get; set; }
}
