using k8s.Models;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Metrics;

/// <summary>What is told of volumes that are really set up and taken down.</summary>
public sealed class VolumeMetersTests : IDisposable
{
    private const string Counts = "storage_operation_duration_seconds_count";
    private const string Volumes = "volume_manager_total_volumes";

    private readonly VolumeStand _stand = new();

    public void Dispose() => _stand.Dispose();

    [Fact]
    public async Task Volumes_are_counted_while_they_are_there()
    {
        await SetUpAsync(new V1Volume { Name = "v", EmptyDir = new V1EmptyDirVolumeSource() });
        await SetUpAsync(new V1Volume { Name = "v", EmptyDir = new V1EmptyDirVolumeSource() });
        await SetUpAsync(new V1Volume { Name = "h", HostPath = new V1HostPathVolumeSource { Path = "/tmp" } });
        var nowhere = new V1HostPathVolumeSource { Path = "/none", Type = "Directory" };
        await Assert.ThrowsAsync<VolumeException>(() => SetUpAsync(new V1Volume { Name = "none", HostPath = nowhere }));

        Assert.Equal(
            [
                Total("empty-dir", "actual_state_of_world", 1),
                Total("host-path", "actual_state_of_world", 1),
                Total("empty-dir", "desired_state_of_world", 1),
                Total("host-path", "desired_state_of_world", 2),
            ],
            Lines(Volumes));
        Assert.Equal(
            [
                Count("volume_mount", "fail-unknown", "host-path", 1),
                Count("volume_mount", "success", "empty-dir", 2), Count("volume_mount", "success", "host-path", 1),
            ],
            Lines(Counts));

        await _stand.Manager.TearDownAsync(_stand.Pod.Metadata.Uid, default);
        Assert.Empty(Lines(Volumes));
        Assert.Equal(
            [
                Count("volume_unmount", "success", "empty-dir", 1), Count("volume_unmount", "success", "host-path", 1),
            ],
            Lines(Counts)[3..]);
    }

    [Fact]
    public void What_could_not_be_taken_down_is_still_there()
    {
        var meters = _stand.Meters;
        meters.Wanted("1", "v", "kubernetes.io/secret");
        meters.Mounted("1", "v", "kubernetes.io/secret", TimeSpan.FromSeconds(0.2));
        meters.Wanted("2", "v", "kubernetes.io/secret");
        meters.Unwanted("1");
        meters.TakenDown("1", succeeded: false, TimeSpan.FromSeconds(2));
        Assert.Equal(
            [
                Total("secret", "actual_state_of_world", 1), Total("secret", "desired_state_of_world", 1),
            ],
            Lines(Volumes));
        Assert.Equal(
            [Count("volume_mount", "success", "secret", 1), Count("volume_unmount", "fail-unknown", "secret", 1)],
            Lines(Counts));
    }

    private static string Total(string plugin, string state, int count) => FormattableString.Invariant(
        $"{Volumes}{{plugin_name=\"kubernetes.io/{plugin}\",state=\"{state}\"}} {count}");

    private static string Count(string operation, string status, string plugin, int count) =>
        $"{Counts}{{migrated=\"false\",operation_name=\"{operation}\",status=\"{status}\","
        + FormattableString.Invariant($"volume_plugin=\"kubernetes.io/{plugin}\"}} {count}");

    private Task SetUpAsync(V1Volume volume) => _stand.SetUpAsync(volume);

    private string[] Lines(string name)
    {
        var text = new MetricsText();
        _stand.Meters.Write(text);
        return [.. text.ToString().Split('\n').Where(l => l.StartsWith(name + "{", StringComparison.Ordinal))];
    }
}
