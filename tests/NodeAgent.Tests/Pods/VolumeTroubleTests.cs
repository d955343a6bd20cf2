using k8s.Models;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.TestPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

/// <summary>Volumes that do not let go, and an API that does not answer.</summary>
[Collection("containers")]
public sealed class VolumeTroubleTests(NodeHarness node)
{
    private FakeCluster Cluster => node.Cluster;

    [Fact]
    public async Task A_volume_in_use_keeps_its_pod_until_it_is_free_and_nothing_is_deleted_through_it()
    {
        node.Require();
        var host = Directory.CreateDirectory(Path.Combine(node.Options.DataDirectory, "precious")).FullName;
        Directory.CreateDirectory(Path.Combine(host, "sub"));
        await File.WriteAllTextAsync(Path.Combine(host, "sub", "file"), "precious");
        var pod = Pod("busy", Service("c"));
        pod.Spec.Volumes =
        [
            new V1Volume { Name = "host", HostPath = new V1HostPathVolumeSource { Path = host } },
            new V1Volume { Name = "memory", EmptyDir = new V1EmptyDirVolumeSource { Medium = "Memory" } },
        ];
        pod.Spec.Containers[0].VolumeMounts =
        [
            new V1VolumeMount { Name = "host", MountPath = "/host", SubPath = "sub" },
            new V1VolumeMount { Name = "memory", MountPath = "/memory" },
        ];
        Cluster.Create(pod);
        await Cluster.UntilAsync(pod, IsReady, "ready");
        var bound = node.Get<PodPaths>().SubPath(pod.Metadata.Uid, "host", "c", 0);

        await using (new FileStream(Path.Combine(bound, "file"), FileMode.Open, FileAccess.Read))
        {
            Cluster.BeginDelete(pod);
            await Cluster.UntilEventAsync(pod, "FailedUnMount", "busy");

            // it has ended, and says so, but it is not gone; others come and go meanwhile
            await Cluster.UntilAsync(pod, p => p.Status.ContainerStatuses[0].State.Terminated is not null, "ended");
            Assert.True(MountPoints.Contains(bound));
            Assert.False(MountPoints.Contains(node.Get<PodPaths>().Volume(pod.Metadata.Uid, "empty-dir", "memory")));
            var other = Cluster.Create(Pod("other-volume", Service("c")));
            await Cluster.UntilAsync(other, IsReady, "ready");
            await node.DeleteAsync(other);
            Assert.True(Cluster.Exists(pod));
        }

        await Cluster.UntilAsync(() => !Cluster.Exists(pod), () => "gone");
        await Cluster.UntilAsync(
            () => !Directory.Exists(node.Get<PodPaths>().Pod(pod.Metadata.Uid)), () => "no files of the pod",
                poll: true);
        Assert.Equal("precious", await File.ReadAllTextAsync(Path.Combine(host, "sub", "file")));
    }

    [Fact]
    public async Task An_agent_that_starts_again_renews_what_it_gave_before()
    {
        node.Require();
        var pod = Pod("with-token", Service("c"));
        pod.Spec.Volumes =
        [
            new V1Volume
            {
                Name = "token",
                Projected = new V1ProjectedVolumeSource
                {
                    Sources =
                    [
                        new V1VolumeProjection
                        {
                            ServiceAccountToken = new V1ServiceAccountTokenProjection { Path = "token" },
                        },
                    ],
                },
            },
        ];
        pod.Spec.Containers[0].VolumeMounts = [new V1VolumeMount { Name = "token", MountPath = "/token" }];
        Cluster.Create(pod);
        await Cluster.UntilAsync(pod, IsReady, "ready");

        await node.RestartAgentAsync(whileDown: static () => { });

        await Cluster.UntilAsync(
            () => node.Get<VolumeManager>().NextRefresh(pod.Metadata.Uid) is not null, () => "a token to renew",
            poll: true);
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task While_the_API_is_away_containers_restart_probes_go_on_and_the_status_catches_up()
    {
        node.Require();
        var crashing = Shell("crashing", "until [ -e /data/end ]; do sleep 0.1; done; rm /data/end; exit 7");
        var probed = Service("probed");
        probed.LivenessProbe = Exec("test", "!", "-e", "/data/unwell");
        probed.LivenessProbe.FailureThreshold = 1;
        probed.ReadinessProbe = Exec("test", "-e", "/data/ready");
        var pod = Pod("cut-off", crashing, probed, Service("steady"));
        pod.Spec.Volumes = [new V1Volume { Name = "data", EmptyDir = new V1EmptyDirVolumeSource() }];
        foreach (var container in pod.Spec.Containers)
        {
            container.VolumeMounts = [new V1VolumeMount { Name = "data", MountPath = "/data" }];
        }

        Cluster.Create(pod);
        await Cluster.UntilAsync(pod, p => p.Status.ContainerStatuses?.Count(c => c.Started == true) == 3, "started");
        var data = node.Get<PodPaths>().Volume(pod.Metadata.Uid, "empty-dir", "data");

        Cluster.IsAway = true;
        await File.WriteAllTextAsync(Path.Combine(data, "end"), "");
        await File.WriteAllTextAsync(Path.Combine(data, "ready"), "");
        await UntilAsync(pod, "crashing", c => c is { RestartCount: 1, IsRunning: true });
        await File.WriteAllTextAsync(Path.Combine(data, "unwell"), "");
        await UntilAsync(pod, "probed", c => c.RestartCount == 0 ? false : Remove(Path.Combine(data, "unwell"))
            && c.IsRunning);
        Assert.All(Cluster.Get(pod).Status.ContainerStatuses, c => Assert.Equal(0, c.RestartCount));

        Cluster.IsAway = false;

        var caughtUp = await Cluster.UntilAsync(
            pod, p => IsReady(p) && Restarts(p, "crashing") == 1 && Restarts(p, "probed") >= 1, "caught up");
        Assert.Equal(7, caughtUp.Status.ContainerStatuses.Single(
            c => c.Name == "crashing").LastState.Terminated.ExitCode);
        Assert.Equal(0, Restarts(caughtUp, "steady"));
        Assert.Equal("Running", caughtUp.Status.Phase);
        await node.DeleteAsync(pod);
    }

    private Task UntilAsync(V1Pod pod, string container, Func<ContainerRecord, bool> holds) => Cluster.UntilAsync(
        () => node.Get<PodRuntimeCache>().Get(pod.Metadata.Uid).Newest(container) is { } newest && holds(newest),
        () => $"{container} as wanted",
        poll: true);

    private static int Restarts(V1Pod pod, string container) =>
        pod.Status.ContainerStatuses.Single(c => c.Name == container).RestartCount;

    private static bool Remove(string path)
    {
        File.Delete(path);
        return true;
    }

    private static V1Probe Exec(params string[] command) =>
        new() { Exec = new V1ExecAction { Command = command }, PeriodSeconds = 1 };
}
