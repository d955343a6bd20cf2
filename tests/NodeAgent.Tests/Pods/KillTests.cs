using k8s.Models;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.TestPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

/// <summary>However a container comes to its end, its preStop hook runs and SIGTERM comes before SIGKILL.</summary>
[Collection("containers")]
public sealed class KillTests(NodeHarness node)
{
    private const string Served = "up stop term";

    public static TheoryData<string> Ways =>
        ["deleted without grace", "deleted with endless grace", "forgotten by the API", "evicted at once",
            "past its deadline", "not alive", "changed"];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task No_end_without_the_least_grace(string way)
    {
        node.Require();
        var (pod, log) = Tidy("end-" + way.Replace(' ', '-'));
        if (way == "not alive")
        {
            pod.Spec.Containers[0].LivenessProbe = new V1Probe
            {
                Exec = new V1ExecAction { Command = ["false"] }, PeriodSeconds = 1, FailureThreshold = 1,
            };
        }

        if (way == "past its deadline")
        {
            pod.Spec.ActiveDeadlineSeconds = 1;
        }

        node.Cluster.Create(pod);
        await UntilAsync(log, "up");
        End(way, pod);

        await UntilAsync(log, Served);
        node.Cluster.ForceDelete(pod);
        await node.Cluster.UntilAsync(
            () => node.Get<PodManager>().FindByUid(pod.Metadata.Uid) is null, () => "no worker", poll: true);
    }

    private void End(string way, V1Pod pod)
    {
        var worker = node.Get<PodManager>().Workers.Single(w => w.Uid == pod.Metadata.Uid);
        switch (way)
        {
            case "deleted without grace":
                node.Cluster.BeginDelete(pod, 0);
                break;
            case "deleted with endless grace":
                node.Cluster.BeginDelete(pod, long.MaxValue);
                break;
            case "forgotten by the API":
                node.Cluster.ForceDelete(pod);
                break;
            case "evicted at once":
                worker.End(new PodVerdict("Evicted", "the node is short of memory"), TimeSpan.Zero);
                break;
            case "changed":
                node.Cluster.Change(pod.Metadata.Uid, p =>
                {
                    var container = p.Spec.Containers[0] with { Image = NodeHarness.Busybox + "0" };
                    return p with { Spec = p.Spec with { Containers = [container] } };
                });
                break;
        }
    }

    /// <summary>Writes down what becomes of it; the whole pod has no grace at all.</summary>
    private (V1Pod Pod, string Log) Tidy(string name)
    {
        var container = Shell("c", "trap 'echo term >> /shared/log; exit 0' TERM; echo up >> /shared/log; while true; do sleep 1 & wait $!; done");
        container.Lifecycle = new V1Lifecycle
        {
            PreStop = new V1LifecycleHandler { Exec = new V1ExecAction { Command = ["sh", "-c",
                "echo stop >> /shared/log"] } },
        };
        container.VolumeMounts = [new V1VolumeMount { Name = "shared", MountPath = "/shared" }];
        var pod = Pod(name, container);
        pod.Spec.TerminationGracePeriodSeconds = 0;
        var host = Path.Combine(node.Options.DataDirectory, name);
        pod.Spec.Volumes =
        [
            new V1Volume { Name = "shared",
                HostPath = new V1HostPathVolumeSource { Path = host, Type = "DirectoryOrCreate" } },
        ];
        return (pod, Path.Combine(host, "log"));
    }

    private Task UntilAsync(string log, string words) => node.Cluster.UntilAsync(
        () => Words(log).StartsWith(words, StringComparison.Ordinal), () => $"\"{words}\", not \"{Words(log)}\"",
        poll: true);

    private static string Words(string log) => File.Exists(log) ? string.Join(' ', File.ReadAllLines(log)) : "";
}
