using k8s.Models;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// Whether devices that a claim was given are prepared, where their driver wants that to be waited for: it names the
/// conditions that must be true first, and those that say that it failed. Pure.
/// </summary>
internal static class DevicePreparation
{
    /// <summary>True for devices that are to be waited for.</summary>
    public static bool IsAwaited(V1AllocationResult? allocation) =>
        (allocation?.Devices?.Results ?? []).Any(static r => r.BindingConditions is { Count: > 0 });

    /// <summary>Whether all are prepared, or why they never will be.</summary>
    public static (bool IsDone, string? Failure) Of(Resourcev1ResourceClaim claim)
    {
        if (claim.Status?.Allocation is not { } allocation)
        {
            return (false, null);
        }

        foreach (var result in (allocation.Devices?.Results ?? [])
            .Where(static r => r.BindingConditions is { Count: > 0 }))
        {
            var conditions = (claim.Status.Devices ?? []).FirstOrDefault(d => d.Device == result.Device
                && d.Driver == result.Driver && d.Pool == result.Pool && d.ShareID == result.ShareID)?.Conditions ?? [];
            var failed = (result.BindingFailureConditions ?? [])
                .Select(f => conditions.FirstOrDefault(c => c.Type == f && c.Status == "True"))
                .FirstOrDefault(static c => c is not null);
            if (failed is not null)
            {
                return (false, $"claim {claim.Metadata.Name} binding failed: reason={failed.Reason}, " +
                    $"message=\"{failed.Message}\"");
            }

            if (!result.BindingConditions.All(b => conditions.Any(c => c.Type == b && c.Status == "True")))
            {
                return (false, null);
            }
        }

        return (true, null);
    }

    /// <summary>It was waited for them long enough: the claim got them before that time.</summary>
    public static bool IsOverdue(Resourcev1ResourceClaim claim, DateTimeOffset latest) =>
        IsAwaited(claim.Status?.Allocation)
        && claim.Status!.Allocation.AllocationTimestamp is { } since
        && since.ToUniversalTime() < latest.UtcDateTime;
}
