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
        var isLimit = selector.Resource[..dot] == "limits";
        decimal? amount = isLimit
            ? Amount(source.Resources?.Limits, resource) ?? Amount(allocatable, resource)
            : Amount(source.Resources?.Requests, resource) ?? Amount(source.Resources?.Limits, resource) ?? 0;
        var divisor = selector.Divisor?.ToDecimal() is { } d and > 0 ? d : 1;
        return amount is null
            ? null
            : decimal.Ceiling(amount.Value / divisor).ToString("0", CultureInfo.InvariantCulture);
    }

    private static decimal? Amount(IDictionary<string, ResourceQuantity>? quantities, string name) =>
        quantities is not null && quantities.TryGetValue(name, out var quantity) ? quantity.ToDecimal() : null;
}
