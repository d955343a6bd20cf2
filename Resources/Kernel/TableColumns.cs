using k8s;
using k8s.Models;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Columns and cells that most kinds share.</summary>
public static class TableColumns
{
    public const string None = "<none>";
    public const string Unknown = "<unknown>";

    /// <summary>The first column of nearly every kind.</summary>
    public static readonly TableColumn Name = new("Name", "string", "name", MetadataTexts.Name);

    /// <summary>How long the object has existed.</summary>
    public static readonly TableColumn Age = new("Age", "string", "", MetadataTexts.CreationTimestamp);

    /// <summary>Columns of a kind without a printer of its own.</summary>
    public static readonly IReadOnlyList<TableColumn> NameAndAge =
    [
        Name,
        new("Created At", "date", "", MetadataTexts.CreationTimestamp),
    ];

    /// <summary>The cell under "Created At".</summary>
    public static string? CreatedAt(IKubernetesObject<V1ObjectMeta> item) =>
        item.Metadata.CreationTimestamp?.ToApiText();

    /// <summary>The cell under "Age".</summary>
    public static string AgeOf(IKubernetesObject<V1ObjectMeta> item, DateTimeOffset now) =>
        HumanDuration.Since(item.Metadata.CreationTimestamp, now);

    /// <summary>Labels as a cell: sorted pairs, or <c>&lt;none&gt;</c>.</summary>
    public static string Labels(IDictionary<string, string>? labels) => labels is null or { Count: 0 }
        ? None
        : string.Join(',', labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={l.Value}"));
}
