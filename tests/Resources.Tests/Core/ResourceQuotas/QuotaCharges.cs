using OrleansOrchestrator.Resources.Core.ResourceQuotas;

namespace OrleansOrchestrator.Resources.Tests.Core.ResourceQuotas;

/// <summary>Charges by the statuses of the quotas, as the books do it by their accounts.</summary>
internal static class QuotaCharges
{
    /// <summary>Why one of the quotas does not bear it; null when all do.</summary>
    public static string? Exceeded(this QuotaCharge charge) => charge.Parts
        .Select(static p => new QuotaUse(p.Quota).ExceededBy(p.More))
        .FirstOrDefault(static e => e is not null);

    /// <summary>Has the statuses of the quotas say that it was charged.</summary>
    public static void Apply(this QuotaCharge charge)
    {
        foreach (var (quota, more) in charge.Parts)
        {
            var use = new QuotaUse(quota);
            use.Add(more);
            use.WriteTo(quota);
        }
    }
}
