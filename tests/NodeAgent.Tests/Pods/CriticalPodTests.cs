using k8s.Models;
using OrleansOrchestrator.NodeAgent.Devices;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.TestPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

/// <summary>Pods that the node cannot do without, on a node that is full.</summary>
[Collection("containers")]
public sealed class CriticalPodTests(NodeHarness node)
{
    private const int Critical = 2_000_000_000;

    private FakeCluster Cluster => node.Cluster;

    [Fact]
    public async Task Another_pod_goes_for_a_critical_one_and_for_no_other()
    {
        node.Require();
        var all = PodResources.Of(node.Get<NodeFacts>().Allocatable, PodResources.Cpu);
        var filler = Cluster.Create(Wanting("filler", all - 10));
        await Cluster.UntilAsync(filler, IsReady, "ready");
        var refused = Cluster.Create(Wanting("refused", 100));
        var failed = await Cluster.UntilAsync(refused, p => p.Status.Phase == "Failed", "refused");
        Assert.Equal("OutOfcpu", failed.Status.Reason);

        var critical = Wanting("critical", 100);
        critical.Spec.Priority = Critical;
        Cluster.Create(critical);

        var gone = (await Cluster.UntilAsync(filler, p => p.Status.Phase == "Failed", "preempted")).Status;
        Assert.Equal(("Preempting", "Preempted in order to admit critical pod"), (gone.Reason, gone.Message));
        var condition = gone.Conditions.Single(c => c.Type == "DisruptionTarget");
        Assert.Equal(
            ("True", "TerminationByKubelet", "Pod was preempted by Kubelet to accommodate a critical pod."),
            (condition.Status, condition.Reason, condition.Message));
        await Cluster.UntilEventAsync(filler, "Preempting", "Preempted in order to admit critical pod");
        await Cluster.UntilAsync(critical, IsReady, "ready");
        foreach (var pod in (V1Pod[])[filler, refused, critical])
        {
            await node.DeleteAsync(pod);
        }
    }

    [Fact]
    public async Task A_critical_pod_that_nobody_can_make_room_for_fails_and_says_so()
    {
        node.Require();
        var all = PodResources.Of(node.Get<NodeFacts>().Allocatable, PodResources.Cpu);
        var critical = Wanting("too-large", all + 50);
        critical.Spec.Priority = Critical;
        Cluster.Create(critical);

        var failed = (await Cluster.UntilAsync(critical, p => p.Status.Phase == "Failed", "refused")).Status;

        Assert.Equal(
            ("UnexpectedAdmissionError",
                "Pod was rejected: Unexpected error while attempting to recover from admission failure: preemption: " +
                "error finding a set of pods to preempt: no set of running pods found to reclaim resources: " +
                "[(res: cpu, q: 50), ]"),
            (failed.Reason, failed.Message));
        await node.DeleteAsync(critical);
    }

    [Fact]
    public async Task Nobody_goes_for_a_critical_pod_that_cannot_have_its_devices()
    {
        const string resource = "example.com/scarce";
        node.Require();
        await node.Get<DeviceServer>().Listening;
        await using var plugin = await FakeDevicePlugin.StartAsync(node.Options.DevicePluginsDirectory, "scarce");
        await plugin.RegisterAsync(resource);
        plugin.Tell("one");
        await Cluster.UntilAsync(
            () => node.Get<DeviceManager>().Serves(resource), () => "the node has devices", poll: true);
        var all = PodResources.Of(node.Get<NodeFacts>().Allocatable, PodResources.Cpu);
        var filler = Cluster.Create(Wanting("stays", all - 10));
        await Cluster.UntilAsync(filler, IsReady, "ready");

        var critical = Wanting("without-devices", 100);
        critical.Spec.Priority = Critical;
        critical.Spec.Containers[0].Resources.Limits =
            new Dictionary<string, ResourceQuantity> { [resource] = new("2") };
        Cluster.Create(critical);

        var failed = (await Cluster.UntilAsync(critical, p => p.Status.Phase == "Failed", "refused")).Status;
        Assert.Equal(
            ("UnexpectedAdmissionError", "Pod was rejected: Allocate failed due to requested number of devices " +
                $"unavailable for {resource}. Requested: 2, Available: 1, which is unexpected"),
            (failed.Reason, failed.Message));
        Assert.True(IsReady(Cluster.Get(filler)));
        Assert.DoesNotContain(Cluster.Events, e => e.Reason == "Preempting" && e.InvolvedObject.Name == "stays");
        await node.DeleteAsync(critical);
        await node.DeleteAsync(filler);
    }

    private static V1Pod Wanting(string name, long milliCpu)
    {
        var pod = Pod(name, Service("c"));
        pod.Spec.Containers[0].Resources = new V1ResourceRequirements
        {
            Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new($"{milliCpu}m") },
        };
        return pod;
    }
}
