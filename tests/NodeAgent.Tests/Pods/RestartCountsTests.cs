using OrleansOrchestrator.NodeAgent.Pods;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

public sealed class RestartCountsTests : IDisposable
{
    private readonly string _logs = Directory.CreateTempSubdirectory("restart-counts").FullName;

    public void Dispose() => Directory.Delete(_logs, recursive: true);

    [Theory]
    [InlineData(0)]
    [InlineData(0, "notes.txt", "x1.log", "1.log2")]
    [InlineData(1, "0.log")]
    [InlineData(3, "0.log", "2.log", "1.log.20261129-195800.gz")]
    [InlineData(12, "9.log", "11.log.20261129-195800", "10.log")]
    [InlineData(0, "99999999999.log")]
    public void ARuntimeThatForgotAnInstanceDoesNotBeginAgain(int expected, params string[] files)
    {
        var container = Directory.CreateDirectory(Path.Combine(_logs, "c")).FullName;
        foreach (var file in files)
        {
            File.WriteAllText(Path.Combine(container, file), "");
        }

        Assert.Equal(expected, RestartCounts.AfterLogs(_logs, "c"));
    }

    [Fact]
    public void LogsBeforeAnInstanceAreThoseOfLessRestarts()
    {
        var container = Directory.CreateDirectory(Path.Combine(_logs, "c")).FullName;
        foreach (var file in (string[])["notes.txt", "0.log", "1.log.20261129-195800.gz", "2.log", "10.log"])
        {
            File.WriteAllText(Path.Combine(container, file), "");
        }

        Assert.Equal(
            ["0.log", "1.log.20261129-195800.gz"],
            RestartCounts.LogsBefore(_logs, "c", 2).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Empty(RestartCounts.LogsBefore(_logs, "none", 2));
    }

    [Fact]
    public void TheFirstInstanceHasNoDirectory() => Assert.Equal(0, RestartCounts.AfterLogs(_logs, "c"));
}
