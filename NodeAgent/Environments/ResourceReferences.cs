using System.Globalization;
using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Environments;

/// <summary>
/// Container resources for the downward API: <c>limits.cpu</c>, <c>requests.memory</c> …, divided and rounded up.
/// </summary>
public static class ResourceReferences
{
    /// <summary>A missing limit is the node's allocatable amount: that is what the container can get at most.</summary>
    public static string? Value(
        V1Pod pod, V1Container container, V1ResourceFieldSelector selector, IDictionary<string, ResourceQuantity> allocatable)
    {
        var source = string.IsNullOrEmpty(selector.ContainerName)
            ? container
            : pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? [])
                .FirstOrDefault(c => c.Name == selector.ContainerName);
        var dot = selector.Resource.IndexOf('.', StringComparison.Ordinal);
        if (source is null || dot < 0)
        {
            return null;
        }

        var resource = selector.Resource[(dot + 1)..];
        var amount = selector.Resource[..dot] == "limits"
            ? Limit(source, resource, allocatable)
            : Amount(source.Resources?.Requests, resource) ?? Amount(source.Resources?.Limits, resource) ?? 0;
        var divisor = selector.Divisor?.ToDecimal() is { } d and > 0 ? d : 1;
        return decimal.Ceiling(amount / divisor).ToString("0", CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// A limit of nothing is none. Of huge pages, which are never overcommitted, whoever has no limit gets nothing.
    /// </summary>
    private static decimal Limit(
        V1Container container, string resource, IDictionary<string, ResourceQuantity> allocatable) =>
        Amount(container.Resources?.Limits, resource) is { } own and > 0
            ? own
            : resource is "cpu" or "memory" or "ephemeral-storage" ? Amount(allocatable, resource) ?? 0 : 0;

    private static decimal? Amount(IDictionary<string, ResourceQuantity>? quantities, string name) =>
        quantities is not null && quantities.TryGetValue(name, out var quantity) ? quantity.ToDecimal() : null;
}
