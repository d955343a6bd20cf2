using OrleansOrchestrator.Resources.Batch.CronJobs;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Batch.CronJobs;

/// <summary>Names of time zones.</summary>
public sealed class TimeZoneNamesTests
{
    /// <summary>Also after the zone has been found in its own case, which .NET remembers.</summary>
    [Theory]
    [InlineData("Europe/Berlin", true)]
    [InlineData("europe/berlin", false)]
    [InlineData("UTC", true)]
    [InlineData("utc", false)]
    [InlineData("Etc/GMT+5", true)]
    [InlineData("UTC-11", false)]
    [InlineData("Mars/Base", false)]
    public void KnowsNamesInTheirCase(string name, bool isKnown)
    {
        Assert.Null(TimeZoneNames.FindError("Europe/Berlin"));
        Assert.Equal(isKnown ? null : $"unknown time zone {name}", TimeZoneNames.FindError(name));
    }

    [Theory]
    [InlineData("America/Argentina/Buenos_Aires", true)]
    [InlineData("Europe//Berlin", false)]
    [InlineData("../etc/passwd", false)]
    [InlineData("-x", false)]
    [InlineData("Pacific Standard Time", false)]
    [InlineData("ABCDEFGHIJKLMNO", false)]
    public void KnowsWhatANameLooksLike(string name, bool isWellFormed) =>
        Assert.Equal(isWellFormed, TimeZoneNames.IsWellFormed(name));
}
