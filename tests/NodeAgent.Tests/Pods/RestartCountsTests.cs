using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.PodRecords;
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

    /// <summary>
    /// What the runtime counts, what was told, of which instance, and how: R that it runs, E that it has ended, W that
    /// it waits after its end; L and l that it is lost, which was counted then.
    /// </summary>
    [Theory]
    [InlineData(0, 0, "new", 'R', 0)]
    [InlineData(3, 2, "old", 'E', 3)]
    [InlineData(0, 2, "old", 'E', 3)]
    [InlineData(2, 2, "old", 'E', 3)]
    [InlineData(0, 3, "new", 'R', 3)]
    [InlineData(0, 3, "new", 'E', 3)]
    [InlineData(1, 3, "old", 'R', 4)]
    [InlineData(1, 3, "old", 'W', 4)]
    [InlineData(1, 3, "new", 'W', 3)]
    [InlineData(1, 3, "old", 'L', 3)]
    [InlineData(1, 3, "old", 'l', 3)]
    [InlineData(1, 3, null, 'W', 3)]
    public void A_count_that_was_told_never_goes_down(int counted, int told, string? id, char state, int expected)
    {
        var record = new ContainerRecord
        {
            Id = "new", SandboxId = "s", Name = "c", State = ContainerState.ContainerRunning,
            Annotations = new Dictionary<string, string> { [CriLabels.ContainerRestartCount] = $"{counted}" },
        };
        var before = new V1ContainerStatus
        {
            ContainerID = id is null ? null : $"containerd://{id}", RestartCount = told,
        };
        var ended = state is 'L' or 'l'
            ? LostContainers.State(LostContainers.WhenTerminated)
            : new V1ContainerState { Terminated = new V1ContainerStateTerminated { Reason = "Error" } };
        (before.State, before.LastState) = state switch
        {
            'R' => (new V1ContainerState { Running = new V1ContainerStateRunning() }, null),
            'E' or 'L' => (ended, null),
            _ => (new V1ContainerState { Waiting = new V1ContainerStateWaiting() }, ended),
        };

        Assert.Equal(expected, RestartCounts.Told(record, before));
        Assert.Equal(counted, RestartCounts.Told(record, null));
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
