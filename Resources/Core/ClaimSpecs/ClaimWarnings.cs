using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.ClaimSpecs;

/// <summary>Warnings about claims, and about those that ephemeral volumes of pods bring along.</summary>
internal static class ClaimWarnings
{
    public static IEnumerable<string> Of(V1PersistentVolumeClaimSpec? spec, FieldPath path)
    {
        foreach (var (field, amounts) in new[]
        {
            ("requests", spec?.Resources?.Requests), ("limits", spec?.Resources?.Limits),
        })
        {
            if (amounts?.TryGetValue("storage", out var model) == true
                && Quantity.Of(model) is { IsInteger: false } amount)
            {
                yield return QuantityTexts.Fraction(path.Child("resources", field).Key("storage"), amount);
            }
        }
    }
}
