using System.Text.Json.Serialization;

namespace OrleansOrchestrator.Resources.Core.Connections;

/// <summary>What somebody wants to ask for through the API.</summary>
public abstract class ProxyOptions : ConnectOptions
{
    /// <summary>The path on the other side, unescaped; null or empty for its root without a slash.</summary>
    [JsonPropertyName("path")]
    public string? Path { get; set; }
}
