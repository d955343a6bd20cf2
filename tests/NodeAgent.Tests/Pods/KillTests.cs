using System.Net;
using System.Net.Sockets;
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

    /// <summary>A sidecar waits with its end for those after it, not with its hook.</summary>
    [Fact]
    public async Task All_hooks_of_a_pod_run_at_once_and_sidecars_end_in_their_order()
    {
        node.Require();
        var (pod, log) = Tidy("hooks-at-once");
        pod.Spec.TerminationGracePeriodSeconds = 60;
        pod.Spec.InitContainers = [Sidecar("one", "two"), Sidecar("two", "one")];

        node.Cluster.Create(pod);
        await UntilAsync(log, "up up up");
        await node.DeleteAsync(pod);

        var words = Words(log);
        Assert.Contains("one-met", words);
        Assert.Contains("two-met", words);
        Assert.Equal(
            ["term", "two-term", "one-term"],
            words.Split(' ').Where(static w => w.EndsWith("term", StringComparison.Ordinal)));

        static V1Container Sidecar(string name, string other)
        {
            var container = Recorder(name, $"{name}-term");
            container.RestartPolicy = "Always";
            container.Lifecycle = Before(
                $"touch /shared/{name}; until [ -e /shared/{other} ]; do sleep 0.1; done; " +
                $"echo {name}-met >> /shared/log");
            return container;
        }
    }

    /// <summary>Upstream kills no hook: whoever it is that the container needs to end can still say so.</summary>
    [Fact]
    public async Task A_hook_that_takes_too_long_goes_on_until_its_container_has_ended()
    {
        node.Require();
        var (pod, log) = Tidy("long-hook");
        pod.Spec.Containers = [Recorder("c", "term; until grep -q seen /shared/log; do sleep 0.1; done")];
        pod.Spec.Containers[0].Lifecycle = Before(
            "until grep -q term /shared/log; do sleep 0.1; done; echo seen >> /shared/log");
        pod.Spec.TerminationGracePeriodSeconds = 1;

        node.Cluster.Create(pod);
        await UntilAsync(log, "up");
        await node.DeleteAsync(pod);

        Assert.Equal("up term seen", Words(log));
    }

    /// <summary>Nor is one that waits for an answer given up: it has not failed when its container has ended.</summary>
    [Fact]
    public async Task A_hook_over_HTTP_has_no_limit_of_its_own()
    {
        node.Require();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var (pod, log) = Tidy("silent-hook");
        pod.Spec.Containers[0].Lifecycle = new V1Lifecycle
        {
            PreStop = new V1LifecycleHandler
            {
                HttpGet = new V1HTTPGetAction
                {
                    Host = "127.0.0.1", Port = ((IPEndPoint)silent.LocalEndpoint).Port,
                },
            },
        };
        pod.Spec.TerminationGracePeriodSeconds = 1;

        node.Cluster.Create(pod);
        await UntilAsync(log, "up");
        var asked = silent.AcceptSocketAsync();
        await node.DeleteAsync(pod);

        using var connection = await asked;
        Assert.Equal("up term", Words(log));
        Assert.DoesNotContain(
            node.Cluster.Events,
            e => e.Reason == "FailedPreStopHook" && e.InvolvedObject.Uid == pod.Metadata.Uid);
    }

    private static V1Lifecycle Before(string command) => new()
    {
        PreStop = new V1LifecycleHandler { Exec = new V1ExecAction { Command = ["sh", "-c", command] } },
    };

    /// <summary>Writes down that it is up, and what the first word says when it is to end.</summary>
    private static V1Container Recorder(string name, string end)
    {
        var (word, rest) = end.Split(';', 2) is [var first, var then] ? (first, then + ";") : (end, "");
        var container = Shell(
            name,
            $"trap 'echo {word} >> /shared/log;{rest} exit 0' TERM; echo up >> /shared/log; " +
            "while true; do sleep 1 & wait $!; done");
        container.VolumeMounts = [new V1VolumeMount { Name = "shared", MountPath = "/shared" }];
        return container;
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
        var container = Recorder("c", "term");
        container.Lifecycle = Before("echo stop >> /shared/log");
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
