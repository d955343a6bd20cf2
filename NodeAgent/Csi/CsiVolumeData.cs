namespace OrleansOrchestrator.NodeAgent.Csi;

/// <summary>What a node has to know of a volume to take it down.</summary>
/// <param name="Driver">Whom to ask.</param>
/// <param name="Handle">What the driver calls it.</param>
public sealed record CsiVolumeData(string Driver, string Handle)
{
    /// <summary>The name of its PersistentVolume, or of the pod's own volume; null for what is staged.</summary>
    public string? Name { get; init; }

    /// <summary><c>Persistent</c> or <c>Ephemeral</c>; null for what is staged.</summary>
    public string? LifecycleMode { get; init; }

    public string? Node { get; init; }

    public string? Attachment { get; init; }

    /// <summary>Null when it does not say whose volume it is.</summary>
    public static CsiVolumeData? From(IReadOnlyDictionary<string, string> data) =>
        data.GetValueOrDefault("driverName") is { Length: > 0 } driver
            && data.GetValueOrDefault("volumeHandle") is { Length: > 0 } handle
            ? new CsiVolumeData(driver, handle)
            {
                Name = data.GetValueOrDefault("specVolID"),
                LifecycleMode = data.GetValueOrDefault("volumeLifecycleMode"),
                Node = data.GetValueOrDefault("nodeName"),
                Attachment = data.GetValueOrDefault("attachmentID"),
            }
            : null;

    public SortedDictionary<string, string> ToDictionary()
    {
        var data = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["driverName"] = Driver, ["volumeHandle"] = Handle,
        };
        foreach (var (key, value) in new[]
                 {
                     ("specVolID", Name), ("volumeLifecycleMode", LifecycleMode), ("nodeName", Node),
                     ("attachmentID", Attachment),
                 })
        {
            if (value is not null)
            {
                data[key] = value;
            }
        }

        return data;
    }
}
