using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Secrets;
using OrleansOrchestrator.Grains.Core.ServiceAccounts;
using OrleansOrchestrator.Resources.Core.Secrets;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.ServiceAccounts;

public sealed class LegacyTokenPlannerTests
{
    private const int Days = 900;

    private static readonly DateTimeOffset Made = new(2026, 1, 2, 0, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// A token's life day by day, used on some days: it is invalid once it was not used for a year, is made valid by
    /// whoever uses it, and goes a year after it was invalid.
    /// </summary>
    [Fact]
    public void A_token_goes_after_two_years_without_use() => Gen.Int[0, Days].Array[0, 4].Check(uses =>
    {
        var account = new V1ServiceAccount
        {
            Metadata = new V1ObjectMeta { Name = "a", Uid = "u" },
            Secrets = [new V1ObjectReference { Name = "t" }],
        };
        var secret = new V1Secret
        {
            Type = SecretTokenPlanner.Type,
            Metadata = new V1ObjectMeta
            {
                Name = "t", CreationTimestamp = Made.UtcDateTime, Labels = new Dictionary<string, string>(),
            },
        };
        int? lastUse = null, invalidSince = null, deleted = null;
        for (var day = 0; day < Days && deleted is null; day++)
        {
            var now = Made.AddDays(day).AddHours(12);
            if (uses.Contains(day))
            {
                (lastUse, invalidSince) = (day, null);
                secret.Metadata.Labels[LegacyTokens.LastUsedLabel] = LegacyTokens.Day(now);
                secret.Metadata.Labels.Remove(LegacyTokens.InvalidSinceLabel);
            }

            var isUnused = day >= 365 && !(day - lastUse <= 365);
            Assert.Equal(isUnused, LegacyTokenPlanner.IsUnused(secret, now));
            var step = isUnused
                ? LegacyTokenPlanner.Compute(secret, account, isMounted: false, now)
                : LegacyTokenStep.None;
            var expected = !isUnused ? LegacyTokenStep.None
                : invalidSince is not { } since ? LegacyTokenStep.Invalidate
                : day - since > 365 ? LegacyTokenStep.Delete
                : LegacyTokenStep.None;
            Assert.Equal(expected, step);
            Assert.Equal(LegacyTokenStep.None, LegacyTokenPlanner.Compute(secret, account, isMounted: true, now));
            if (step == LegacyTokenStep.Invalidate)
            {
                invalidSince = day;
                secret.Metadata.Labels[LegacyTokens.InvalidSinceLabel] = LegacyTokens.Day(now);
            }

            deleted = step == LegacyTokenStep.Delete ? day : null;
        }
    }, cases: 30);
}
