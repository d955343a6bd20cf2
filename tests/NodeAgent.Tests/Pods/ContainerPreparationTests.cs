using k8s.Models;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.TestPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

/// <summary>Containers that start again over what their first start left, and what users see when one cannot.</summary>
[Collection("containers")]
public sealed class ContainerPreparationTests(NodeHarness node)
{
    private FakeCluster Cluster => node.Cluster;

    [Fact]
    public async Task A_container_restarts_with_its_subPath_directory_and_writes_there_as_any_user()
    {
        node.Require();
        var container = Shell("c", """
            mktemp -p /work && touch /file.d/x || exit 9
            [ $(ls /work | wc -l) = 1 ] && exit 1
            trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done
            """);
        container.SecurityContext = new V1SecurityContext { RunAsUser = 1000, RunAsGroup = 1000 };
        container.Env = [new V1EnvVar { Name = "NAME", Value = "named" }];
        container.VolumeMounts =
        [
            new V1VolumeMount { Name = "data", MountPath = "/work", SubPath = "a/b" },
            new V1VolumeMount { Name = "data", MountPath = "/file.d", SubPathExpr = "$(NAME)" },
        ];
        var pod = Pod("sub-path", container);
        pod.Spec.Volumes = [new V1Volume { Name = "data", EmptyDir = new V1EmptyDirVolumeSource() }];
        Cluster.Create(pod);

        var running = await Cluster.UntilAsync(
            pod, p => IsReady(p) && p.Status.ContainerStatuses[0].RestartCount == 1, "restarted");

        Assert.Equal(1, running.Status.ContainerStatuses[0].LastState.Terminated.ExitCode);
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task Whatever_keeps_a_container_from_being_prepared_is_an_event_and_a_reason()
    {
        node.Require();
        var pod = Pod("unprepared", Service("c"));
        pod.Metadata.Uid = "00000000-0000-4000-9000-000000000014";
        var directory = Path.Combine(node.Get<PodPaths>().Pod(pod.Metadata.Uid), "containers");
        Directory.CreateDirectory(Path.GetDirectoryName(directory)!);
        await File.WriteAllTextAsync(directory, "where a directory must be");
        Cluster.Create(pod);

        var waiting = await Cluster.UntilAsync(
            pod, p => p.Status.ContainerStatuses?[0].State.Waiting?.Reason == "CreateContainerConfigError", "waiting");

        var message = waiting.Status.ContainerStatuses[0].State.Waiting.Message;
        Assert.NotEmpty(message);
        await Cluster.UntilEventAsync(pod, "Failed", $"Error: {message}");

        File.Delete(directory);
        await Cluster.UntilAsync(pod, IsReady, "ready");
        await node.DeleteAsync(pod);
    }
}
