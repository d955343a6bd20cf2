using k8s.Models;
using OrleansOrchestrator.Grains.Core.Secrets;
using OrleansOrchestrator.Resources.Core.Secrets;

namespace OrleansOrchestrator.Grains.Core.ServiceAccounts;

/// <summary>What to do with a token that is kept in a Secret.</summary>
public enum LegacyTokenStep
{
    None,

    /// <summary>It is good for nothing from now on, until somebody takes the label away.</summary>
    Invalidate,

    Delete,
}

/// <summary>
/// Which tokens in Secrets were made for accounts once, unasked, and have been out of use for a year (upstream's
/// <c>legacy-service-account-token-cleaner</c>).
/// </summary>
public static class LegacyTokenPlanner
{
    /// <summary>How long a token must be out of use.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromDays(365);

    /// <summary>True when uses have been noted for long enough to say that there were none.</summary>
    public static bool Knows(string? trackedSince, DateTimeOffset now) =>
        LegacyTokens.Read(trackedSince) is { } since && now >= since.AddDays(1) + Period;

    /// <summary>True for a Secret old enough, and not used for so long; who it belongs to is another matter.</summary>
    public static bool IsUnused(V1Secret secret, DateTimeOffset now)
    {
        if (secret.Type != SecretTokenPlanner.Type
            || secret.Metadata.DeletionTimestamp is not null
            || !(secret.Metadata.CreationTimestamp?.ToUniversalTime() < (now - Period).UtcDateTime))
        {
            return false;
        }

        var used = secret.GetLabel(LegacyTokens.LastUsedLabel);
        return used is null || (LegacyTokens.Read(used) is not null && IsBeforePeriod(used, now));
    }

    /// <summary>The next step.</summary>
    /// <param name="secret">An unused one.</param>
    /// <param name="account">The account that it names; null when there is none.</param>
    /// <param name="isMounted">Whether a pod has it.</param>
    /// <param name="now">The time.</param>
    public static LegacyTokenStep Compute(
        V1Secret secret, V1ServiceAccount? account, bool isMounted, DateTimeOffset now)
    {
        var uid = secret.GetAnnotation(SecretTokenPlanner.UidAnnotation);
        if (isMounted
            || account?.Secrets?.Any(s => s.Name == secret.Metadata.Name) != true
            || (!string.IsNullOrEmpty(uid) && uid != account.Metadata.Uid))
        {
            return LegacyTokenStep.None;
        }

        var since = secret.GetLabel(LegacyTokens.InvalidSinceLabel);
        return LegacyTokens.Read(since) is null ? LegacyTokenStep.Invalidate
            : IsBeforePeriod(since!, now) ? LegacyTokenStep.Delete
            : LegacyTokenStep.None;
    }

    private static bool IsBeforePeriod(string day, DateTimeOffset now) =>
        string.CompareOrdinal(day, LegacyTokens.Day(now - Period)) < 0;
}
