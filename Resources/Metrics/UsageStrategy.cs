using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Metrics;

/// <summary>What figures look like in a Table: metrics-server's columns.</summary>
/// <typeparam name="T">What is measured.</typeparam>
internal sealed class UsageStrategy<T> : ResourceStrategy<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        new("Name", "string", "name", "Name of the resource"),
        new("cpu", "string", "quantity", ""),
        new("memory", "string", "quantity", ""),
        new("Window", "string", "duration", ""),
    ];
}
