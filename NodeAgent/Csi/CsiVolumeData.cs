using System.Text.Json.Serialization;

namespace OrleansOrchestrator.NodeAgent.Csi;

/// <summary>
/// What a node has to know of a volume to take it down, as its file has it: keys, and their order, are upstream's.
/// </summary>
public sealed record CsiVolumeData
{
    /// <summary>The VolumeAttachment; null for what is staged.</summary>
    [JsonPropertyName("attachmentID")]
    public string? Attachment { get; init; }

    /// <summary>Whom to ask.</summary>
    [JsonPropertyName("driverName")]
    public required string Driver { get; init; }

    [JsonPropertyName("nodeName")]
    public string? Node { get; init; }

    /// <summary>The name of its PersistentVolume, or of the pod's own volume; null for what is staged.</summary>
    [JsonPropertyName("specVolID")]
    public string? Name { get; init; }

    /// <summary>What the driver calls it.</summary>
    [JsonPropertyName("volumeHandle")]
    public required string Handle { get; init; }

    /// <summary><c>Persistent</c> or <c>Ephemeral</c>; null for what is staged.</summary>
    [JsonPropertyName("volumeLifecycleMode")]
    public string? LifecycleMode { get; init; }
}
