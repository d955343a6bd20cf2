using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.TestPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

/// <summary>Pods on a real containerd: what the API would see, and what is left behind.</summary>
[Collection("containers")]
public sealed class PodLifeTests(NodeHarness node)
{
    private FakeCluster Cluster => node.Cluster;

    [Fact]
    public async Task A_pod_runs_and_goes_without_a_trace()
    {
        node.Require();
        var pod = Cluster.Create(Pod("plain", Service("web")));

        var running = await Cluster.UntilAsync(pod, IsReady, "ready");

        Assert.Equal("Running", running.Status.Phase);
        Assert.StartsWith("10.199.7.", running.Status.PodIP, StringComparison.Ordinal);
        var status = Assert.Single(running.Status.ContainerStatuses);
        Assert.True(status.Ready);
        Assert.Equal(0, status.RestartCount);
        Assert.StartsWith("containerd://", status.ContainerID, StringComparison.Ordinal);
        await Cluster.UntilEventAsync(pod, "Started", "Container started");

        var left = new TaskCompletionSource<PodRuntimeState>();
        Cluster.Deleting = async _ => left.SetResult(
            await node.Get<PodRuntimeCache>().RefreshAsync(pod.Metadata.Uid, CancellationToken.None));
        await node.DeleteAsync(pod);
        Cluster.Deleting = null;

        Assert.True((await left.Task).IsEmpty); // before the object goes, so that nobody can find a trace after it
        Assert.False(Directory.Exists(Path.Combine(node.Options.PodsDirectory, pod.Metadata.Uid)));
        Assert.Empty(Directory.EnumerateDirectories(node.Options.PodLogsDirectory, $"*{pod.Metadata.Uid}"));
    }

    [Fact]
    public async Task A_container_that_ends_is_restarted_and_then_backed_off()
    {
        node.Require();
        var pod = Cluster.Create(Pod("crash", Shell("c", "echo so long; exit 3")));

        var looping = await Cluster.UntilAsync(
            pod, p => Only(p)?.State.Waiting?.Reason == "CrashLoopBackOff", "CrashLoopBackOff");

        var status = Only(looping)!;
        Assert.Equal(1, status.RestartCount);
        Assert.Equal(3, status.LastState.Terminated.ExitCode);
        Assert.Equal("Error", status.LastState.Terminated.Reason);
        Assert.Equal(
            $"back-off 10s restarting failed container=c pod=crash_default({pod.Metadata.Uid})", status.State.Waiting.Message);
        Assert.Equal("Running", looping.Status.Phase);
        await Cluster.UntilEventAsync(pod, "BackOff", "Back-off restarting failed container c in pod crash_default");
        await node.DeleteAsync(pod);
    }

    [Theory]
    [InlineData("exit 0", "Succeeded", "Completed", 0)]
    [InlineData("echo my last words > /dev/termination-log; exit 7", "Failed", "Error", 7)]
    public async Task A_pod_that_never_restarts_ends_in_its_phase(
        string script, string phase, string reason, int exitCode)
    {
        node.Require();
        var pod = Pod($"once-{exitCode}", Shell("c", script));
        pod.Spec.RestartPolicy = "Never";
        Cluster.Create(pod);

        var ended = await Cluster.UntilAsync(pod, p => p.Status.Phase == phase, phase);

        var state = Only(ended)!.State.Terminated;
        Assert.Equal((exitCode, reason), (state.ExitCode, state.Reason));
        Assert.Equal(exitCode == 0 ? null : "my last words\n", state.Message);
        Assert.Equal("False", ended.Status.Conditions.Single(c => c.Type == "Ready").Status);
        Assert.Equal(
            exitCode == 0 ? "PodCompleted" : "PodFailed",
            ended.Status.Conditions.Single(c => c.Type == "Ready").Reason);
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task Init_containers_and_sidecars_start_in_order_and_sidecars_stop_last()
    {
        node.Require();
        var main = Shell("main", Recorded("main"));
        main.ReadinessProbe = HasRecorded("main");
        var pod = Pod("ordered", main);
        var side = Shell("side", Recorded("side"));
        side.RestartPolicy = "Always";
        side.StartupProbe = HasRecorded("side");
        pod.Spec.InitContainers =
            [Shell("first", "echo first >> /shared/order"), side, Shell("last", "echo last >> /shared/order")];
        var host = Path.Combine(node.Options.DataDirectory, "ordered");
        pod.Spec.Volumes = [new V1Volume { Name = "shared", HostPath = new V1HostPathVolumeSource { Path = host, Type = "DirectoryOrCreate" } }];
        foreach (var container in pod.Spec.Containers.Concat(pod.Spec.InitContainers))
        {
            container.VolumeMounts = [new V1VolumeMount { Name = "shared", MountPath = "/shared" }];
        }

        Cluster.Create(pod);
        await Cluster.UntilAsync(pod, IsReady, "ready");
        Assert.Equal(["first", "side", "last", "main"], await File.ReadAllLinesAsync(Path.Combine(host, "order")));

        await node.DeleteAsync(pod);
        Assert.Equal(
            ["first", "side", "last", "main", "main-ends", "side-ends"],
            await File.ReadAllLinesAsync(Path.Combine(host, "order")));

        static string Recorded(string name) =>
            $"trap 'echo {name}-ends >> /shared/order; exit 0' TERM; echo {name} >> /shared/order; while true; do sleep 1 & wait $!; done";

        // A container runs, and may stop, before its first command has done anything.
        static V1Probe HasRecorded(string name) => new()
        {
            Exec = new V1ExecAction { Command = ["grep", name, "/shared/order"] }, PeriodSeconds = 1, FailureThreshold = 300,
        };
    }

    [Fact]
    public async Task A_failing_init_container_fails_a_pod_that_never_restarts()
    {
        node.Require();
        var pod = Pod("bad-init", Service("main"));
        pod.Spec.RestartPolicy = "Never";
        pod.Spec.InitContainers = [Shell("init", "exit 4")];
        Cluster.Create(pod);

        var failed = await Cluster.UntilAsync(pod, p => p.Status.Phase == "Failed", "Failed");

        Assert.Equal(4, failed.Status.InitContainerStatuses.Single().State.Terminated.ExitCode);
        Assert.Equal("PodInitializing", Only(failed)!.State.Waiting?.Reason);
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task Deletion_runs_the_preStop_hook_then_sends_SIGTERM_then_kills()
    {
        node.Require();
        var container = Shell(
            "c",
            "trap 'echo term >> /shared/log' TERM; echo up >> /shared/log; while true; do sleep 1 & wait $!; done");
        container.Lifecycle = new V1Lifecycle
        {
            PreStop = new V1LifecycleHandler { Exec = new V1ExecAction { Command = ["sh", "-c", "echo stop >> /shared/log"] } },
            PostStart = new V1LifecycleHandler { Exec = new V1ExecAction { Command = ["sh", "-c", "echo start >> /shared/hook"] } },
        };
        var pod = WithHostDirectory(Pod("hooks", container), "hooks", out var host);
        pod.Spec.TerminationGracePeriodSeconds = 2;
        Cluster.Create(pod);
        await Cluster.UntilAsync(pod, IsReady, "ready");
        Assert.Equal("start\n", await File.ReadAllTextAsync(Path.Combine(host, "hook")));

        var started = TimeProvider.System.GetTimestamp();
        await node.DeleteAsync(pod);

        Assert.InRange(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 1.5, 8);
        Assert.Equal(["up", "stop", "term"], (await File.ReadAllLinesAsync(Path.Combine(host, "log"))).Distinct());
        await Cluster.UntilEventAsync(pod, "Killing", "Stopping container c");
    }

    [Fact]
    public async Task A_container_over_its_memory_limit_is_OOMKilled()
    {
        node.Require();
        var container = Shell("hog", "x=a; while true; do x=$x$x$x; done");
        container.Resources = new V1ResourceRequirements
        {
            Limits = new Dictionary<string, ResourceQuantity> { ["memory"] = new("24Mi") },
        };
        var pod = Pod("oom", container);
        pod.Spec.RestartPolicy = "Never";
        Cluster.Create(pod);

        var failed = await Cluster.UntilAsync(pod, p => p.Status.Phase == "Failed", "Failed");

        Assert.Equal("OOMKilled", Only(failed)!.State.Terminated.Reason);
        Assert.Equal(137, Only(failed)!.State.Terminated.ExitCode);
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_a_StartError()
    {
        node.Require();
        var container = Service("c");
        container.Command = ["/no/such/program"];
        var pod = Pod("no-program", container);
        pod.Spec.RestartPolicy = "Never";
        Cluster.Create(pod);

        var failed = await Cluster.UntilAsync(pod, p => p.Status.Phase == "Failed", "Failed");

        Assert.Equal("StartError", Only(failed)!.State.Terminated.Reason);
        Assert.Equal(128, Only(failed)!.State.Terminated.ExitCode);
        Assert.Contains("/no/such/program", Only(failed)!.State.Terminated.Message, StringComparison.Ordinal);
        await node.DeleteAsync(pod);
    }

    [Theory]
    [InlineData("Never", "test.local/absent:1", "ErrImageNeverPull")]
    [InlineData("IfNotPresent", "127.0.0.1:9/absent:1", "ImagePullBackOff")]
    [InlineData("IfNotPresent", "some/UPPER", "InvalidImageName")]
    public async Task An_image_that_cannot_be_had_is_told(string policy, string image, string reason)
    {
        node.Require();
        var container = Service("c");
        (container.Image, container.ImagePullPolicy) = (image, policy);
        var pod = Cluster.Create(Pod("image-" + reason.ToLowerInvariant(), container));

        await Cluster.UntilAsync(pod, p => Only(p)?.State.Waiting?.Reason == reason, reason);

        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task An_agent_that_restarts_adopts_its_containers_and_removes_orphans()
    {
        node.Require();
        var kept = Cluster.Create(Pod("kept", Service("web")));
        var orphan = Cluster.Create(Pod("orphan", Service("web")));
        var before = Only(await Cluster.UntilAsync(kept, IsReady, "ready"))!;
        await Cluster.UntilAsync(orphan, IsReady, "ready");

        await node.RestartAgentAsync(whileDown: () => Cluster.Vanish(orphan));
        await Cluster.UntilAsync(
            () => node.Get<PodRuntimeCache>().Get(orphan.Metadata.Uid).IsEmpty, () => "the orphan is gone", poll: true);

        var cri = node.Get<CriClient>();
        var after = Only(Cluster.Get(kept))!;
        Assert.Equal((before.ContainerID, 0), (after.ContainerID, after.RestartCount));
        Assert.True(IsReady(Cluster.Get(kept)));
        Assert.True(node.Get<PodRuntimeCache>().Get(kept.Metadata.Uid).AnyRunning);
        Assert.NotNull(cri);
        await node.DeleteAsync(kept);
    }

    [Fact]
    public async Task A_pod_past_its_deadline_fails()
    {
        node.Require();
        var pod = Pod("deadline", Service("c"));
        pod.Spec.ActiveDeadlineSeconds = 1;
        Cluster.Create(pod);

        var failed = await Cluster.UntilAsync(pod, p => p.Status.Phase == "Failed", "Failed");

        Assert.Equal("DeadlineExceeded", failed.Status.Reason);
        await node.DeleteAsync(pod);
    }

    /// <summary>Whoever ends a pod by its status is not contradicted while its containers end.</summary>
    [Fact]
    public async Task A_phase_that_others_gave_stays()
    {
        node.Require();
        var pod = Cluster.Create(Pod("given-up", Service("c")));
        await Cluster.UntilAsync(pod, IsReady, "ready");

        await Cluster.PatchPodStatusAsync(
            pod, """{"status":{"phase":"Failed","reason":"NodeLost","message":"unresponsive"}}""",
            TestContext.Current.CancellationToken);
        var ended = await Cluster.UntilAsync(
            pod,
            p => p.Status.Phase == "Failed"
                ? Only(p)?.State.Terminated is not null
                : throw new InvalidOperationException($"the phase is {p.Status.Phase} again"),
            "ended");

        Assert.Equal(("NodeLost", "unresponsive"), (ended.Status.Reason, ended.Status.Message));
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task An_emptyDir_over_its_limit_ends_the_pod()
    {
        node.Require();
        var container = Shell("c", "dd if=/dev/zero of=/data/x bs=1024 count=2048; trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done");
        container.VolumeMounts = [new V1VolumeMount { Name = "data", MountPath = "/data" }];
        var pod = Pod("full", container);
        pod.Spec.Volumes =
            [new V1Volume { Name = "data", EmptyDir = new V1EmptyDirVolumeSource { SizeLimit = new("1Mi") } }];
        Cluster.Create(pod);

        var failed = await Cluster.UntilAsync(pod, p => p.Status.Phase == "Failed", "Failed");

        Assert.Equal("Evicted", failed.Status.Reason);
        Assert.Equal("Usage of EmptyDir volume \"data\" exceeds the limit \"1Mi\". ", failed.Status.Message);
        Assert.DoesNotContain(failed.Status.Conditions, c => c.Type == "DisruptionTarget"); // it broke its own limit
        Assert.NotNull(Only(failed)!.State.Terminated);
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task Host_ports_lead_into_the_pod()
    {
        node.Require();
        var web = Shell("web", "mkdir /tmp/www; echo through > /tmp/www/index.html; exec httpd -f -p 8080 -h /tmp/www");
        web.Ports = [new V1ContainerPort { ContainerPort = 8080, HostPort = 38080 }];
        web.ReadinessProbe = new V1Probe { TcpSocket = new V1TCPSocketAction { Port = 8080 }, PeriodSeconds = 1 };
        var pod = Cluster.Create(Pod("host-port", web));
        await Cluster.UntilAsync(pod, IsReady, "ready");

        using var http = new HttpClient();
        Assert.Equal("through\n", await http.GetStringAsync($"http://{node.Get<OrleansOrchestrator.NodeAgent.Node.NodeFacts>().Addresses[0]}:38080/index.html"));

        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task A_pod_on_the_nodes_network_has_its_address()
    {
        node.Require();
        var pod = Pod("host-net", Service("c"));
        (pod.Spec.HostNetwork, pod.Spec.HostPID) = (true, true);

        var running = await Cluster.UntilAsync(Cluster.Create(pod), IsReady, "ready");

        Assert.Equal(running.Status.HostIP, running.Status.PodIP);
        await node.DeleteAsync(pod);
    }

    /// <summary>The command is missing: that says nothing about the program, which goes on.</summary>
    [Fact]
    public async Task A_probe_that_cannot_be_carried_out_restarts_nothing()
    {
        node.Require();
        var container = Shell("c", "sleep 3600");
        container.LivenessProbe = new V1Probe
        {
            Exec = new V1ExecAction { Command = ["/no/such/command"] }, PeriodSeconds = 1, FailureThreshold = 1,
        };
        var second = Shell("d", "sleep 3600");
        second.LivenessProbe =
            new V1Probe { Exec = new V1ExecAction { Command = ["false"] }, PeriodSeconds = 1, FailureThreshold = 2 };
        second.Lifecycle = null;
        var pod = Pod("unprobed", container, second);
        pod.Spec.TerminationGracePeriodSeconds = 1;
        Cluster.Create(pod);

        await Cluster.UntilEventAsync(pod, "Unhealthy", "Liveness probe errored and resulted in unknown state:");

        // the other's two failures take longer than one of the first would
        var after = await Cluster.UntilAsync(
            pod, p => p.Status?.ContainerStatuses?.Any(s => s.Name == "d" && s.RestartCount > 0) == true,
            "d restarted");
        Assert.Equal(0, after.Status.ContainerStatuses.Single(s => s.Name == "c").RestartCount);
        await node.DeleteAsync(pod);
    }

    /// <summary>The pod selects a label that the node got after the agent last looked at itself.</summary>
    [Fact]
    public async Task A_pod_that_selects_what_its_node_has_just_become_is_taken()
    {
        node.Require();
        var known = new V1Node { Metadata = new V1ObjectMeta { Name = node.Options.NodeName, ResourceVersion = "1" } };
        var newest = new V1Node
        {
            Metadata = new V1ObjectMeta
            {
                Name = known.Metadata.Name, ResourceVersion = "2",
                Labels = new Dictionary<string, string> { ["just"] = "now" },
            },
        };
        node.Get<NodeObject>().Set(known);
        Cluster.NewestNode = known;
        var refused = Pod("selects-nothing", Service("web"));
        refused.Spec.NodeSelector = new Dictionary<string, string> { ["just"] = "now" };
        Cluster.Create(refused);
        await Cluster.UntilAsync(
            refused, p => p.Status?.Reason == "NodeAffinity", "rejected while nobody has the label");

        Cluster.NewestNode = newest;
        var pod = Pod("selects-news", Service("web"));
        pod.Spec.NodeSelector = refused.Spec.NodeSelector;
        Cluster.Create(pod);
        await Cluster.UntilAsync(pod, IsReady, "ready");
        await node.DeleteAsync(pod);
        Cluster.ForceDelete(refused);
    }

    private static V1ContainerStatus? Only(V1Pod pod) =>
        pod.Status.ContainerStatuses is [var only] ? only : null;

    private V1Pod WithHostDirectory(V1Pod pod, string name, out string host)
    {
        host = Path.Combine(node.Options.DataDirectory, name);
        pod.Spec.Volumes =
        [
            new V1Volume { Name = "shared", HostPath = new V1HostPathVolumeSource { Path = host, Type = "DirectoryOrCreate" } },
        ];
        foreach (var container in pod.Spec.Containers)
        {
            container.VolumeMounts = [new V1VolumeMount { Name = "shared", MountPath = "/shared" }];
        }

        return pod;
    }
}
