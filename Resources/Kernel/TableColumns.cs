using k8s;
using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Columns and cells that most kinds share.</summary>
public static class TableColumns
{
    /// <summary>Columns of a kind without a printer of its own.</summary>
    public static readonly IReadOnlyList<TableColumn> NameAndAge =
    [
        new("Name", "string", "name", MetadataTexts.Name),
        new("Created At", "date", "", MetadataTexts.CreationTimestamp),
    ];

    /// <summary>The cell under "Created At".</summary>
    public static string? CreatedAt(IKubernetesObject<V1ObjectMeta> item) =>
        item.Metadata.CreationTimestamp?.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
