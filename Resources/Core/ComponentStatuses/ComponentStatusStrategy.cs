using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.ComponentStatuses;

/// <summary>What ComponentStatuses look like in a Table: they are only ever read.</summary>
internal sealed class ComponentStatusStrategy : ResourceStrategy<V1ComponentStatus>
{
    private const string Healthy = "Healthy";

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("Status", "string", "", "Status of the component conditions"),
        new("Message", "string", "", "Message of the component conditions"),
        new("Error", "string", "", "Error of the component conditions"),
    ];

    public override IReadOnlyList<object?> Cells(V1ComponentStatus item, DateTimeOffset now)
    {
        var condition = item.Conditions?.FirstOrDefault(static c => c.Type == Healthy);
        var status = condition is null ? "Unknown" : condition.Status == "True" ? Healthy : "Unhealthy";
        return [item.Metadata.Name, status, condition?.Message ?? "", condition?.Error ?? ""];
    }
}
