using System.Text.Json;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// A disk that a volume of a pod names itself, without a claim: of the pods of a node, one has it alone, or all only
/// read it.
/// </summary>
/// <param name="Id">Equal for one disk.</param>
/// <param name="IsReadOnly">The pod only reads it, and so may share it with others that do.</param>
public readonly record struct DiskUse(string Id, bool IsReadOnly)
{
    private const string Gce = "gcePersistentDisk";
    private const string Aws = "awsElasticBlockStore";
    private const string Iscsi = "iscsi";
    private const string Rbd = "rbd";

    /// <summary>The kind of disk that the name of a property of a volume stands for; null for none.</summary>
    internal static string? KindAt(ref Utf8JsonReader name) =>
        name.ValueTextEquals("iscsi"u8) ? Iscsi
        : name.ValueTextEquals("rbd"u8) ? Rbd
        : name.ValueTextEquals("gcePersistentDisk"u8) ? Gce
        : name.ValueTextEquals("awsElasticBlockStore"u8) ? Aws
        : null;

    /// <summary>
    /// The disks of a volume source: usually one, but an image that several monitors serve is one for each, so that two
    /// volumes that share a monitor are seen to be the same.
    /// </summary>
    internal static IEnumerable<DiskUse> Of(string kind, JsonElement source)
    {
        if (source.ValueKind != JsonValueKind.Object)
        {
            return [];
        }

        var isReadOnly = PodShapeParser.Property(source, "readOnly")?.ValueKind == JsonValueKind.True;
        return kind switch
        {
            Gce => [new DiskUse($"{kind} {PodShapeParser.Text(source, "pdName")}", isReadOnly)],
            Aws => [new DiskUse($"{kind} {PodShapeParser.Text(source, "volumeID")}", false)],
            Iscsi => [new DiskUse($"{kind} {PodShapeParser.Text(source, "iqn")}", isReadOnly)],
            _ => Monitors(source).Select(m => new DiskUse(
                $"{kind} {m} {PodShapeParser.Text(source, "pool")} {PodShapeParser.Text(source, "image")}",
                isReadOnly)),
        };
    }

    private static IEnumerable<string> Monitors(JsonElement source) =>
        PodShapeParser.Property(source, "monitors") is { ValueKind: JsonValueKind.Array } monitors
            ? monitors.EnumerateArray().Select(static m => m.GetString() ?? "").ToList()
            : [];
}
