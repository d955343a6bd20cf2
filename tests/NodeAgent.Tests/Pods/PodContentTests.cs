using System.Globalization;
using System.Text;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Logs;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.TestPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

/// <summary>What containers find inside: environment, volumes, names, limits; and how probes treat them.</summary>
[Collection("containers")]
public sealed class PodContentTests(NodeHarness node)
{
    private FakeCluster Cluster => node.Cluster;

    [Fact]
    public async Task The_environment_has_every_form()
    {
        node.Require();
        Cluster.Put(Map("settings", ("colour", "blue"), ("size", "7")));
        Cluster.Put(Secret("keys", ("token", "s3cret")));
        var container = Shell("c", "env | sort; echo args $0 $1; cat /etc/hostname; exit 0");
        container.Args = ["$(GREETING)", "$(UNKNOWN)"];
        container.Command = ["sh", "-c", container.Command[2]];
        container.Resources = new V1ResourceRequirements
        {
            Limits = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("250m"), ["memory"] = new("64Mi") },
        };
        container.EnvFrom = [new V1EnvFromSource { Prefix = "M_", ConfigMapRef = new V1ConfigMapEnvSource { Name = "settings" } }];
        container.Env =
        [
            new V1EnvVar { Name = "NAME", Value = "world" },
            new V1EnvVar { Name = "GREETING", Value = "hello $(NAME) $$(NAME) $(NOPE)" },
            From("SECRET", new V1EnvVarSource { SecretKeyRef = new V1SecretKeySelector { Name = "keys", Key = "token" } }),
            From("COLOUR", new V1EnvVarSource { ConfigMapKeyRef = new V1ConfigMapKeySelector { Name = "settings", Key = "colour" } }),
            From("MISSING", new V1EnvVarSource { ConfigMapKeyRef = new V1ConfigMapKeySelector { Name = "none", Key = "x", Optional = true } }),
            From("POD_IP", new V1EnvVarSource { FieldRef = new V1ObjectFieldSelector { FieldPath = "status.podIP" } }),
            From("LABEL", new V1EnvVarSource { FieldRef = new V1ObjectFieldSelector { FieldPath = "metadata.labels['app']" } }),
            From("CPU", new V1EnvVarSource { ResourceFieldRef = new V1ResourceFieldSelector { Resource = "limits.cpu", Divisor = new("1m") } }),
            From("MEM", new V1EnvVarSource { ResourceFieldRef = new V1ResourceFieldSelector { Resource = "limits.memory", Divisor = new("1Mi") } }),
        ];
        var pod = Pod("env", container);
        pod.Metadata.Labels = new Dictionary<string, string> { ["app"] = "shop" };
        pod.Spec.RestartPolicy = "Never";

        var (ended, log) = await RunAsync(pod);

        Assert.Contains("M_colour=blue\n", log, StringComparison.Ordinal);
        Assert.Contains("GREETING=hello world $(NAME) $(NOPE)\n", log, StringComparison.Ordinal);
        Assert.Contains("SECRET=s3cret\n", log, StringComparison.Ordinal);
        Assert.Contains("COLOUR=blue\n", log, StringComparison.Ordinal);
        Assert.DoesNotContain("MISSING", log, StringComparison.Ordinal);
        Assert.Contains($"POD_IP={ended.Status.PodIP}\n", log, StringComparison.Ordinal);
        Assert.Contains("LABEL=shop\n", log, StringComparison.Ordinal);
        Assert.Contains("CPU=250\n", log, StringComparison.Ordinal);
        Assert.Contains("MEM=64\n", log, StringComparison.Ordinal);
        Assert.Contains("args hello world $(NAME) $(NOPE) $(UNKNOWN)\nenv\n", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_reference_is_a_config_error_and_heals()
    {
        node.Require();
        var container = Service("c");
        container.Env = [From("X", new V1EnvVarSource { ConfigMapKeyRef = new V1ConfigMapKeySelector { Name = "later", Key = "x" } })];
        var pod = Cluster.Create(Pod("config-error", container));
        var waiting = await Cluster.UntilAsync(
            pod, p => p.Status.ContainerStatuses?[0].State.Waiting?.Reason == "CreateContainerConfigError", "config error");
        Assert.Equal("configmap \"later\" not found", waiting.Status.ContainerStatuses[0].State.Waiting.Message);

        Cluster.Put(Map("later", ("x", "1")));

        await Cluster.UntilAsync(pod, IsReady, "ready");
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task Volumes_are_mounted_and_follow_their_objects()
    {
        node.Require();
        Cluster.Put(Map("page", ("index.html", "one"), ("deep", "down")));
        Cluster.Put(Secret("key", ("id", "rsa")));
        var container = Shell(
            "c",
            "cat /map/index.html /map/sub/deep /secret/id /sub/file /token/token; stat -L -c %a /secret/id; cat /info/labels; "
            + "df /mem | tail -1 | cut -d' ' -f1; touch /map/x || echo read-only; "
            + "until [ \"$(cat /map/index.html)\" = two ]; do sleep 0.1; done; echo updated; sleep 100");
        container.VolumeMounts =
        [
            new V1VolumeMount { Name = "map", MountPath = "/map", ReadOnlyProperty = true },
            new V1VolumeMount { Name = "secret", MountPath = "/secret", ReadOnlyProperty = true },
            new V1VolumeMount { Name = "map", MountPath = "/sub/file", SubPath = "index.html" },
            new V1VolumeMount { Name = "token", MountPath = "/token" },
            new V1VolumeMount { Name = "info", MountPath = "/info" },
            new V1VolumeMount { Name = "mem", MountPath = "/mem" },
        ];
        var pod = Pod("volumes", container);
        pod.Metadata.Labels = new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" };
        pod.Spec.Volumes =
        [
            new V1Volume { Name = "map", ConfigMap = new V1ConfigMapVolumeSource { Name = "page", Items = [new V1KeyToPath { Key = "deep", Path = "sub/deep" }, new V1KeyToPath { Key = "index.html", Path = "index.html" }] } },
            new V1Volume { Name = "secret", Secret = new V1SecretVolumeSource { SecretName = "key", DefaultMode = 0x100 } },
            new V1Volume { Name = "token", Projected = new V1ProjectedVolumeSource { Sources = [new V1VolumeProjection { ServiceAccountToken = new V1ServiceAccountTokenProjection { Path = "token" } }] } },
            new V1Volume { Name = "info", DownwardAPI = new V1DownwardAPIVolumeSource { Items = [new V1DownwardAPIVolumeFile { Path = "labels", FieldRef = new V1ObjectFieldSelector { FieldPath = "metadata.labels" } }] } },
            new V1Volume { Name = "mem", EmptyDir = new V1EmptyDirVolumeSource { Medium = "Memory", SizeLimit = new("1Mi") } },
        ];
        Cluster.Create(pod);
        await node.UntilLogAsync(pod, "c", "read-only");
        Cluster.Put(Map("page", ("index.html", "two"), ("deep", "down")));

        var log = await node.UntilLogAsync(pod, "c", "updated");

        Assert.StartsWith("onedownrsaonetoken-", log, StringComparison.Ordinal);
        Assert.Contains("400\na=\"1\"\nb=\"2\"tmpfs\n", log, StringComparison.Ordinal);
        Assert.Contains("read-only\n", log, StringComparison.Ordinal);
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task An_image_is_a_volume_that_nobody_writes()
    {
        node.Require();
        await node.ImportAsync(
            new ImageDescription { Reference = "example.test/data:1" },
            BusyboxImage.Text("etc/motd", "hello from the image"));
        var container = Shell(
            "c",
            "cat /img/etc/motd /deep/motd; touch /img/new || echo read-only; "
            + "/img/bin/busybox true || echo no programs; sleep 100");
        container.VolumeMounts =
        [
            new V1VolumeMount { Name = "image", MountPath = "/img" },
            new V1VolumeMount { Name = "image", MountPath = "/deep", SubPath = "etc" },
        ];
        var other = Shell("d", "cat /img/etc/motd; echo; sleep 100");
        other.VolumeMounts = [new V1VolumeMount { Name = "image", MountPath = "/img", ReadOnlyProperty = true }];
        var pod = Pod("image-volume", container, other);
        pod.Spec.Volumes =
            [new V1Volume { Name = "image", Image = new V1ImageVolumeSource { Reference = "example.test/data:1" } }];
        Cluster.Create(pod);

        var log = await node.UntilLogAsync(pod, "c", "no programs");
        Assert.Contains("hello from the imagehello from the image", log, StringComparison.Ordinal);
        Assert.Contains("read-only\n", log, StringComparison.Ordinal);
        await node.UntilLogAsync(pod, "d", "hello from the image");

        // The files stay although the image goes, as those of a running container do.
        var views = node.Get<ImageViews>();
        var image = Assert.Single(await views.ImagesAsync(TestContext.Current.CancellationToken));
        await node.Get<ImageStore>().RemoveAsync(image, TestContext.Current.CancellationToken);
        var read = await node.Get<CriClient>().Runtime.ExecSyncAsync(
            new ExecSyncRequest
            {
                ContainerId = node.Get<PodManager>().FindByUid(pod.Metadata.Uid)!.Container("c")!.Id,
                Cmd = { "cat", "/img/etc/motd" },
            },
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal("hello from the image", read.Stdout.ToStringUtf8());

        await node.DeleteAsync(pod);
        Assert.Empty(await views.ImagesAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_volume_whose_image_is_not_there_keeps_its_containers_waiting()
    {
        node.Require();
        var container = Service("c");
        container.VolumeMounts = [new V1VolumeMount { Name = "image", MountPath = "/img" }];
        var pod = Pod("no-image-volume", container);
        pod.Spec.Volumes =
        [
            new V1Volume
            {
                Name = "image",
                Image = new V1ImageVolumeSource { Reference = "example.test/none:1", PullPolicy = "Never" },
            },
        ];
        Cluster.Create(pod);

        await Cluster.UntilEventAsync(
            pod, "ErrImageNeverPull",
            "Container image \"example.test/none:1\" is not present with pull policy of Never");
        var waiting = await Cluster.UntilAsync(
            pod, p => p.Status.ContainerStatuses?[0].State.Waiting?.Reason == "ErrImageNeverPull", "waiting");
        Assert.Equal(
            "Container image \"example.test/none:1\" is not present with pull policy of Never",
            waiting.Status.ContainerStatuses[0].State.Waiting.Message);

        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task A_volume_that_cannot_be_mounted_is_told()
    {
        node.Require();
        var container = Service("c");
        container.VolumeMounts = [new V1VolumeMount { Name = "v", MountPath = "/v" }];
        var pod = Pod("no-volume", container);
        pod.Spec.Volumes = [new V1Volume { Name = "v", ConfigMap = new V1ConfigMapVolumeSource { Name = "absent" } }];
        Cluster.Create(pod);

        await Cluster.UntilEventAsync(
            pod, "FailedMount", "MountVolume.SetUp failed for volume \"v\" : configmap \"absent\" not found");

        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task A_failing_liveness_probe_restarts_and_a_failing_readiness_probe_does_not()
    {
        node.Require();
        var live = Shell("live", "touch /tmp/ok; trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done");
        live.LivenessProbe = Probe("[ -e /tmp/ok ] && rm /tmp/ok");
        live.LivenessProbe.FailureThreshold = 1;
        var ready = Shell("ready", "trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done");
        ready.ReadinessProbe = Probe("echo not now; false");
        var pod = Cluster.Create(Pod("probes", live, ready));

        var restarted = await Cluster.UntilAsync(
            pod, p => p.Status.ContainerStatuses?.FirstOrDefault(s => s.Name == "live")?.RestartCount > 0, "restarted");

        Assert.False(restarted.Status.ContainerStatuses.Single(s => s.Name == "ready").Ready);
        Assert.Equal(0, restarted.Status.ContainerStatuses.Single(s => s.Name == "ready").RestartCount);
        Assert.Equal(
            "containers with unready status: [ready]",
            restarted.Status.Conditions.Single(c => c.Type == "Ready").Message.Replace("live ", "", StringComparison.Ordinal));
        await Cluster.UntilEventAsync(pod, "Killing", "Container live failed liveness probe, will be restarted");
        await Cluster.UntilEventAsync(pod, "Unhealthy", "Readiness probe failed: not now");
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task HTTP_and_TCP_probes_reach_the_pod_and_startup_holds_the_others_back()
    {
        node.Require();
        var web = Shell("web", "mkdir /tmp/www; echo hi > /tmp/www/index.html; exec httpd -f -p 8080 -h /tmp/www");
        web.Ports = [new V1ContainerPort { Name = "http", ContainerPort = 8080 }];
        web.StartupProbe = new V1Probe { TcpSocket = new V1TCPSocketAction { Port = "http" }, PeriodSeconds = 1 };
        web.ReadinessProbe = new V1Probe { HttpGet = new V1HTTPGetAction { Path = "/index.html", Port = "http" }, PeriodSeconds = 1 };
        var pod = Cluster.Create(Pod("web", web));

        var running = await Cluster.UntilAsync(pod, IsReady, "ready");

        Assert.True(running.Status.ContainerStatuses[0].Started);
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task A_probe_waits_counts_and_kills_as_it_says()
    {
        node.Require();
        var container = Shell("c", "trap '' TERM; date +%s > /data/started; while true; do sleep 1; done");
        container.VolumeMounts = [new V1VolumeMount { Name = "data", MountPath = "/data" }];
        container.ReadinessProbe = Probe("date +%s >> /data/asked");
        (container.ReadinessProbe.InitialDelaySeconds, container.ReadinessProbe.SuccessThreshold) = (3, 2);
        container.LivenessProbe = Probe("test ! -e /data/unwell");
        (container.LivenessProbe.FailureThreshold, container.LivenessProbe.TerminationGracePeriodSeconds) = (1, 1);
        var pod = Pod("patient", container);
        pod.Spec.TerminationGracePeriodSeconds = 600; // nobody waits for that long: the probe's own grace counts
        pod.Spec.Volumes = [new V1Volume { Name = "data", EmptyDir = new V1EmptyDirVolumeSource() }];
        Cluster.Create(pod);

        await Cluster.UntilAsync(pod, IsReady, "ready");
        var data = node.Get<PodPaths>().Volume(pod.Metadata.Uid, "empty-dir", "data");
        var started = long.Parse(await File.ReadAllTextAsync(Path.Combine(data, "started")),
            CultureInfo.InvariantCulture);
        var asked = (await File.ReadAllLinesAsync(Path.Combine(data, "asked"))).Select(l =>
            long.Parse(l, CultureInfo.InvariantCulture)).ToList();
        await File.WriteAllTextAsync(Path.Combine(data, "unwell"), "");
        await Cluster.UntilAsync(pod, p => p.Status.ContainerStatuses[0].LastState?.Terminated?.ExitCode == 137,
            "killed");

        Assert.True(asked.Count >= 2, "one success was enough");
        Assert.True(asked[0] - started >= 2, "it was asked at once");
        Cluster.BeginDelete(pod, 1);
        await Cluster.UntilAsync(() => !Cluster.Exists(pod), () => "deleted");
    }

    [Fact]
    public async Task Security_context_and_names_reach_the_process()
    {
        node.Require();
        var container = Shell("c", "id -u; id -g; id -G; hostname; grep NoNewPrivs /proc/self/status; touch /x || echo sealed; stat -c '%g %a' /data; ulimit -t >/dev/null; exit 0");
        container.SecurityContext = new V1SecurityContext
        {
            RunAsUser = 1234,
            RunAsGroup = 2345,
            ReadOnlyRootFilesystem = true,
            AllowPrivilegeEscalation = false,
        };
        container.VolumeMounts = [new V1VolumeMount { Name = "data", MountPath = "/data" }];
        var pod = Pod("secure", container);
        pod.Spec.Volumes = [new V1Volume { Name = "data", EmptyDir = new V1EmptyDirVolumeSource() }];
        pod.Spec.SecurityContext = new V1PodSecurityContext { FsGroup = 4321 };
        pod.Spec.Hostname = "box";
        pod.Spec.RestartPolicy = "Never";

        var (_, log) = await RunAsync(pod);

        var lines = log.Split('\n');
        Assert.Equal(["1234", "2345"], lines[..2]);
        Assert.Contains("4321", lines[2], StringComparison.Ordinal);
        Assert.Equal("box", lines[3]);
        Assert.Contains("NoNewPrivs:\t1", log, StringComparison.Ordinal);
        Assert.Contains("sealed\n", log, StringComparison.Ordinal); // what touch itself said may come in between
        Assert.Contains("4321 2777\n", log, StringComparison.Ordinal);
    }

    private static V1Probe Probe(string script) => new()
    {
        Exec = new V1ExecAction { Command = ["sh", "-c", script] },
        PeriodSeconds = 1,
    };

    private static V1EnvVar From(string name, V1EnvVarSource source) => new() { Name = name, ValueFrom = source };

    private static V1ConfigMap Map(string name, params (string Key, string Value)[] data) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Data = data.ToDictionary(d => d.Key, d => d.Value),
    };

    private static V1Secret Secret(string name, params (string Key, string Value)[] data) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Data = data.ToDictionary(d => d.Key, d => Encoding.UTF8.GetBytes(d.Value)),
    };

    private async Task<(V1Pod Ended, string Log)> RunAsync(V1Pod pod)
    {
        Cluster.Create(pod);
        var ended = await Cluster.UntilAsync(pod, p => p.Status.Phase == "Succeeded", "Succeeded");
        var log = node.Log(pod, "c");
        await node.DeleteAsync(pod);
        return (ended, log);
    }
}
