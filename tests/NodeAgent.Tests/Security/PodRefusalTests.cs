using k8s.Models;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.TestPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Security;

/// <summary>Pods that ask for what the node must not or cannot give, on a real runtime.</summary>
[Collection("containers")]
public sealed class PodRefusalTests(NodeHarness node)
{
    private const string HostSetting = "/proc/sys/kernel/printk_ratelimit_burst";

    private FakeCluster Cluster => node.Cluster;

    /// <summary>
    /// Without user ids of its own, a container that sees all of /proc unmasked is root of the machine: the pod that
    /// asked for both got the second only, and wrote the node's settings.
    /// </summary>
    [Fact]
    public async Task Who_asks_for_user_ids_of_its_own_never_runs_with_the_nodes()
    {
        node.Require();
        var before = await File.ReadAllTextAsync(HostSetting);
        var container = Shell("c", $"echo 77 > {HostSetting}; sleep 100");
        container.SecurityContext = new V1SecurityContext { ProcMount = "Unmasked" };
        var pod = Pod("userns", container);
        pod.Spec.HostUsers = false;
        Cluster.Create(pod);

        await Cluster.UntilEventAsync(
            pod, "FailedCreatePodSandBox",
            "Failed to create pod sandbox: can't set `spec.hostUsers: false`, runtime does not support user namespaces");

        var waiting = (await Cluster.UntilAsync(pod, p => p.Status.ContainerStatuses is not null, "told")).Status;
        Assert.Equal(("Pending", "ContainerCreating"),
            (waiting.Phase, waiting.ContainerStatuses[0].State.Waiting.Reason));
        Assert.True(node.Get<PodRuntimeCache>().Get(pod.Metadata.Uid).IsEmpty);
        Assert.Equal(before, await File.ReadAllTextAsync(HostSetting));
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task What_is_refused_for_good_fails_and_says_why()
    {
        node.Require();
        var sysctl = Pod("sysctl", Service("c"));
        sysctl.Spec.SecurityContext = new V1PodSecurityContext { Sysctls = [new V1Sysctl { Name = "kernel.msgmax",
            Value = "65536" }] };
        var groups = Pod("groups", Service("c"));
        groups.Spec.SecurityContext = new V1PodSecurityContext { SupplementalGroupsPolicy = "Strict" };
        var system = Pod("system", Service("c"));
        system.Spec.Os = new V1PodOS { Name = "windows" };

        await RefusedAsync(sysctl, "SysctlForbidden", "forbidden sysctl: \"kernel.msgmax\" not allowlisted");
        await RefusedAsync(groups, "SupplementalGroupsPolicyNotSupported",
            "SupplementalGroupsPolicy=Strict is not supported in this node");
        await RefusedAsync(system, "PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS");
    }

    [Fact]
    public async Task An_AppArmor_profile_is_refused_where_there_is_no_AppArmor()
    {
        node.Require();
        Assert.SkipWhen(Directory.Exists("/sys/kernel/security/apparmor"), "this machine has AppArmor");
        var pod = Pod("apparmor", Service("c"));
        pod.Spec.SecurityContext =
            new V1PodSecurityContext { AppArmorProfile = new V1AppArmorProfile { Type = "Localhost",
            LocalhostProfile = "none" } };

        await RefusedAsync(pod, "AppArmor", "Cannot enforce AppArmor: AppArmor is not enabled on the host");
    }

    [Fact]
    public async Task Safe_settings_and_variables_from_files_reach_the_process_and_a_group_leaves_the_images_user()
    {
        node.Require();
        await node.ImportAsync(
            new ImageDescription { Reference = "test.local/somebody:1", Command = ["sh"], User = "1234" });
        var writes = Shell("i", "echo \"GREETING='hello\nyou' # so\" > /data/env");
        writes.VolumeMounts = [new V1VolumeMount { Name = "data", MountPath = "/data" }];
        var reads = Shell("c", "echo \"$GREETING\"; id -u; id -g; cat /proc/sys/net/ipv4/tcp_fin_timeout");
        reads.Image = "test.local/somebody:1";
        reads.Env = [new V1EnvVar { Name = "GREETING",
            ValueFrom = new V1EnvVarSource { FileKeyRef = new V1FileKeySelector { VolumeName = "data", Path = "env",
            Key = "GREETING" } } }];
        var pod = Pod("kept", reads);
        pod.Spec.InitContainers = [writes];
        pod.Spec.RestartPolicy = "Never";
        pod.Spec.Volumes = [new V1Volume { Name = "data", EmptyDir = new V1EmptyDirVolumeSource() }];
        reads.SecurityContext = new V1SecurityContext { RunAsGroup = 2345 };
        pod.Spec.SecurityContext =
            new V1PodSecurityContext { Sysctls = [new V1Sysctl { Name = "net/ipv4/tcp_fin_timeout", Value = "17" }] };
        Cluster.Create(pod);

        await Cluster.UntilAsync(pod, p => p.Status.Phase == "Succeeded", "Succeeded");

        Assert.Equal("hello\nyou\n1234\n2345\n17\n", node.Log(pod, "c"));
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task A_container_that_cannot_be_made_as_it_is_asked_for_waits_and_says_why()
    {
        node.Require();
        var insists = Service("insists");
        insists.VolumeMounts = [new V1VolumeMount { Name = "data", MountPath = "/data", ReadOnlyProperty = true,
            RecursiveReadOnly = "Enabled" }];
        var filtered = Service("filtered");
        filtered.SecurityContext = new V1SecurityContext { SeccompProfile = new V1SeccompProfile { Type = "Localhost",
            LocalhostProfile = "orc-none.json" } };
        var yields = Service("yields");
        yields.VolumeMounts = [new V1VolumeMount { Name = "data", MountPath = "/data", ReadOnlyProperty = true,
            RecursiveReadOnly = "IfPossible" }];
        var pod = Pod("unmade", insists, filtered, yields);
        pod.Spec.Volumes = [new V1Volume { Name = "data", EmptyDir = new V1EmptyDirVolumeSource() }];
        Cluster.Create(pod);

        var status = (await Cluster.UntilAsync(
            pod, p =>
                p.Status.ContainerStatuses?.All(c => c.State.Running is not null
                || c.State.Waiting?.Message is not null) == true, "told")).Status;

        Assert.Equal(
            ("CreateContainerConfigError",
                "failed to resolve recursive read-only mode: volume \"data\" requested recursive read-only mode, but it is not supported by the runtime"),
            Waiting(status, "insists"));
        Assert.Equal("CreateContainerError", Waiting(status, "filtered").Reason);
        Assert.Contains("orc-none.json", Waiting(status, "filtered").Message, StringComparison.Ordinal);
        Assert.Equal("Disabled",
            status.ContainerStatuses.Single(c => c.Name == "yields").VolumeMounts[0].RecursiveReadOnly);
        await node.DeleteAsync(pod);
    }

    private static (string Reason, string Message) Waiting(V1PodStatus status, string container)
    {
        var waiting = status.ContainerStatuses.Single(c => c.Name == container).State.Waiting;
        return (waiting.Reason, waiting.Message);
    }

    private async Task RefusedAsync(V1Pod pod, string reason, string message)
    {
        Cluster.Create(pod);
        var failed = (await Cluster.UntilAsync(pod, p => p.Status.Phase == "Failed", "Failed")).Status;
        await Cluster.UntilEventAsync(pod, reason);

        Assert.Equal((reason, "Pod was rejected: " + message), (failed.Reason, failed.Message));
        Assert.Equal(message,
            Cluster.Events.Last(e => e.InvolvedObject.Uid == pod.Metadata.Uid && e.Reason == reason).Message);
        Assert.True(node.Get<PodRuntimeCache>().Get(pod.Metadata.Uid).IsEmpty);
        await node.DeleteAsync(pod);
    }
}
