using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.ResourceQuotas;

/// <summary>Named amounts of a quota.</summary>
internal static class QuotaAmounts
{
    /// <summary>True for the same names with the same amounts, however they are written.</summary>
    public static bool AreSame(IDictionary<string, ResourceQuantity>? a, IDictionary<string, ResourceQuantity>? b) =>
        (a?.Count ?? 0) == (b?.Count ?? 0)
        && (a ?? new Dictionary<string, ResourceQuantity>()).All(
            p => b!.TryGetValue(p.Key, out var other) && Quantity.Of(p.Value) == Quantity.Of(other));
}
