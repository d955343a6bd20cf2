using k8s.Models;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.TestPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

/// <summary>One container's end that makes all containers of its pod begin anew, on a real containerd.</summary>
[Collection("containers")]
public sealed class RestartAllTests(NodeHarness node)
{
    [Fact]
    public async Task All_containers_begin_anew_in_the_same_sandbox_and_without_hooks()
    {
        node.Require();
        const string onceMore = "[ $(wc -l < /shared/inits) -lt 2 ] && exit 42; ";
        var main = Service("main");
        main.Command = ["sh", "-c", onceMore + main.Command[2]];
        main.RestartPolicyRules =
        [
            new V1ContainerRestartRule
            {
                Action = "RestartAllContainers",
                ExitCodes = new V1ContainerRestartRuleOnExitCodes { OperatorProperty = "In", Values = [42] },
            },
        ];
        main.RestartPolicy = "Never";
        var other = Service("other");
        other.Lifecycle = new V1Lifecycle
        {
            PreStop = new V1LifecycleHandler { Exec = new V1ExecAction { Command = ["touch", "/shared/hook"] } },
        };
        var pod = Pod("all-anew", main, other);
        pod.Spec.RestartPolicy = "Never";
        pod.Spec.InitContainers = [Shell("init", "echo once >> /shared/inits")];
        var host = Path.Combine(node.Options.DataDirectory, "all-anew");
        pod.Spec.Volumes =
        [
            new V1Volume
            {
                Name = "shared", HostPath = new V1HostPathVolumeSource { Path = host, Type = "DirectoryOrCreate" },
            },
        ];
        foreach (var container in pod.Spec.Containers.Concat(pod.Spec.InitContainers))
        {
            container.VolumeMounts = [new V1VolumeMount { Name = "shared", MountPath = "/shared" }];
        }

        node.Cluster.Create(pod);
        var ready = await node.Cluster.UntilAsync(
            pod, static p => IsReady(p) && p.Status.ContainerStatuses.All(static c => c.RestartCount > 0),
            "ready, the second time");

        Assert.Equal(["once", "once"], await File.ReadAllLinesAsync(Path.Combine(host, "inits")));
        Assert.False(File.Exists(Path.Combine(host, "hook")));
        Assert.All(ready.Status.ContainerStatuses.Concat(ready.Status.InitContainerStatuses), status => Assert.Equal(
            (1, "RestartingAllContainers", 137),
            (status.RestartCount, status.LastState.Terminated.Reason, status.LastState.Terminated.ExitCode)));
        Assert.Equal("Running", ready.Status.Phase);
        var runtime = node.Get<PodManager>().FindByUid(pod.Metadata.Uid)!.Runtime;
        Assert.Equal(0u, Assert.Single(runtime.Sandboxes).Attempt);
        Assert.Equal(3, runtime.Containers.Count);
        await node.DeleteAsync(pod);
    }
}
