using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Server;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Server;

public sealed class DebugEndpointsTests
{
    [Fact]
    public void Settings_have_upstreams_names_and_forms()
    {
        var options = new NodeAgentOptions
        {
            NodeName = "n", MaxPods = 50, SystemReservedMilliCpu = 100, SystemReservedMemoryBytes = 64 * 1024 * 1024,
            StaticPodPath = "/manifests", IdsPerPod = 131072,
            ImagePullCredentialsVerificationPolicy = PullVerification.NeverVerifyAllowlistedImages,
            PreloadedImagesVerificationAllowlist = ["orc.local/*"],
        };
        var shown = ConfigurationView.Of(options)["kubeletconfig"]!;

        Assert.Equal(50, (int)shown["maxPods"]!);
        Assert.Equal(("10s", "5m0s", 40), (
            (string)shown["nodeStatusUpdateFrequency"]!, (string)shown["nodeStatusReportFrequency"]!,
            (int)shown["nodeLeaseDurationSeconds"]!));
        Assert.Equal("""{"idsPerPod":131072}""", shown["userNamespaces"]!.ToJsonString());
        Assert.Equal(
            "NeverVerifyAllowlistedImages", (string)shown["imagePullCredentialsVerificationPolicy"]!);
        Assert.Equal("""["orc.local/*"]""", shown["preloadedImagesVerificationAllowlist"]!.ToJsonString());
        Assert.Equal("/manifests", (string)shown["staticPodPath"]!);
        Assert.Equal("""["10.96.0.10"]""", shown["clusterDNS"]!.ToJsonString());
        Assert.Equal("""{"cpu":"100m","memory":"64Mi"}""", shown["systemReserved"]!.ToJsonString());
        Assert.Equal(("2m0s", "0s", 85, 80), (
            (string)shown["imageMinimumGCAge"]!, (string)shown["imageMaximumGCAge"]!,
            (int)shown["imageGCHighThresholdPercent"]!, (int)shown["imageGCLowThresholdPercent"]!));
        Assert.Equal(("10Mi", 5), ((string)shown["containerLogMaxSize"]!, (int)shown["containerLogMaxFiles"]!));
        var hard = shown["evictionHard"]!;
        Assert.Equal(("100Mi", "10%", "15%"), (
            (string)hard["memory.available"]!, (string)hard["nodefs.available"]!, (string)hard["imagefs.available"]!));
        Assert.Null(shown["evictionSoft"]);
    }

    [Fact]
    public void Reserved_memory_is_told_as_it_was_taken()
    {
        var shown = ConfigurationView.Of(new NodeAgentOptions
        {
            NodeName = "n", Resources = new ResourceOptions { ReservedMemory = "0:memory=1Gi;" },
        })["kubeletconfig"]!;

        Assert.Equal(
            """[{"numaNode":0,"limits":{"memory":"1Gi"}}]""", shown["reservedMemory"]!.ToJsonString());
    }

    [Fact]
    public void Soft_thresholds_are_told_with_their_grace()
    {
        var shown = ConfigurationView.Of(new NodeAgentOptions
        {
            NodeName = "n",
            Housekeeping = new HousekeepingOptions
            {
                Eviction = new EvictionSettings
                {
                    Soft = new Dictionary<string, string> { ["nodefs.available"] = "12.5%" },
                    SoftGracePeriods = new Dictionary<string, string> { ["nodefs.available"] = "1m30s" },
                    MinimumReclaims = new Dictionary<string, string> { ["imagefs.available"] = "2Gi" },
                },
            },
        })["kubeletconfig"]!;

        Assert.Equal("""{"nodefs.available":"12.5%"}""", shown["evictionSoft"]!.ToJsonString());
        Assert.Equal("""{"nodefs.available":"1m30s"}""", shown["evictionSoftGracePeriod"]!.ToJsonString());
        Assert.Equal("""{"imagefs.available":"2Gi"}""", shown["evictionMinimumReclaim"]!.ToJsonString());
    }

    [Fact]
    public void Only_what_runs_is_told_of_pods()
    {
        var running = new DebugEndpoints(new NodeAgentOptions { NodeName = "n" }, new Pods()).Running();

        var pod = Assert.Single(running.Items);
        Assert.Equal(("a", "default", "1"), (pod.Metadata.Name, pod.Metadata.NamespaceProperty, pod.Metadata.Uid));
        Assert.Equal(["up"], pod.Spec.Containers.Select(c => c.Name));
    }

    /// <summary>One pod with a container that runs and one that has ended; one with nothing.</summary>
    private sealed class Pods : IPodRegistry
    {
        private readonly PodEntry[] _all =
        [
            Entry("a", "1", ("up", ContainerState.ContainerRunning), ("down", ContainerState.ContainerExited)),
            Entry("b", "2"),
        ];

        public IReadOnlyList<V1Pod> List() => [.. _all.Select(e => e.Pod)];

        public PodEntry? Find(string podNamespace, string podName) =>
            Array.Find(_all, e => e.Pod.Metadata.Name == podName);

        public PodEntry? FindByUid(string uid) => Array.Find(_all, e => e.Pod.Metadata.Uid == uid);

        private static PodEntry Entry(string name, string uid, params (string Name, ContainerState State)[] containers)
        {
            var pod = TestPods.Pod(name, TestPods.Service("up"));
            pod.Metadata.Uid = uid;
            return new PodEntry(
                pod,
                new PodRuntimeState
                {
                    Uid = uid,
                    Containers =
                    [
                        .. containers.Select(c => new ContainerRecord
                        {
                            Id = c.Name, SandboxId = "s", Name = c.Name, State = c.State,
                        }),
                    ],
                },
                "/logs");
        }
    }
}
