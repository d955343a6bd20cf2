using System.Collections.Concurrent;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Devices;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.TestPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

/// <summary>Pods that run with devices of a plugin.</summary>
[Collection("containers")]
public sealed class DevicePodTests(NodeHarness node)
{
    private const string Resource = "example.com/fake";

    private FakeCluster Cluster => node.Cluster;

    [Fact]
    public async Task A_container_finds_its_devices_and_keeps_them_and_another_pod_is_refused()
    {
        node.Require();
        await node.Get<DeviceServer>().Listening;
        await using var plugin = await FakeDevicePlugin.StartAsync(node.Options.DevicePluginsDirectory);
        await plugin.RegisterAsync(Resource);
        plugin.Tell("one", "two");
        await Cluster.UntilAsync(
            () => node.Get<DeviceManager>().Serves(Resource), () => "the node has devices", poll: true);
        var pod = WithDevices(
            "with-devices", 2, "test -c /dev/one && cat /fake && echo has $FAKE_DEVICES; sleep 2; exit 1");

        Cluster.Create(pod);
        await node.UntilLogAsync(pod, "c", "has one,two");
        var late = WithDevices("without-devices", 1, "sleep 1000");
        Cluster.Create(late);
        await Cluster.UntilAsync(late, static p => p.Status?.Phase == "Failed", "refused");
        var refused = Cluster.Get(late);
        Assert.Equal(
            ("UnexpectedAdmissionError", "Pod was rejected: Allocate failed due to requested number of devices " +
                "unavailable for example.com/fake. Requested: 1, Available: 0, which is unexpected"),
            (refused.Status.Reason, refused.Status.Message));

        plugin.Tell("one", "-two");
        await Cluster.UntilAsync(pod, static p => HealthOf(p) == $"{Resource}: one Healthy, two Unhealthy", "told of");
        await Cluster.UntilAsync(pod, static p => p.Status.ContainerStatuses[0].RestartCount > 0, "started again");
        await node.UntilLogAsync(pod, "c", "has one,two");
        Assert.Equal(["allocate one,two"], plugin.Calls);

        await node.DeleteAsync(pod);
        await node.DeleteAsync(late);
        Assert.Empty(node.Get<DeviceAllocations>().InUse(Resource));
    }

    /// <summary>Else the scheduler sends another one, which is refused for good.</summary>
    [Fact]
    public async Task What_a_pod_had_is_free_when_its_end_is_told()
    {
        const string resource = "example.com/another"; // whose plugin no other test stops
        node.Require();
        await node.Get<DeviceServer>().Listening;
        await using var plugin = await FakeDevicePlugin.StartAsync(node.Options.DevicePluginsDirectory);
        await plugin.RegisterAsync(resource);
        plugin.Tell("one");
        await Cluster.UntilAsync(
            () => node.Get<DeviceManager>().Serves(resource), () => "the node has devices", poll: true);
        var pod = WithDevices("ends-with-devices", 1, "exit 0", resource);
        pod.Spec.RestartPolicy = "Never";
        var held = new ConcurrentQueue<int>();
        void Note(PodChange change, V1Pod told)
        {
            if (told.Metadata.Uid == pod.Metadata.Uid && told.HasTerminalPhase())
            {
                held.Enqueue(node.Get<DeviceAllocations>().InUse(resource).Count);
            }
        }

        Cluster.Changed += Note;
        Cluster.Create(pod);
        await Cluster.UntilAsync(pod, static p => p.Status?.Phase == "Succeeded", "ended");
        Cluster.Changed -= Note;

        Assert.Equal(0, held.First());
        Assert.Equal($"{resource}: one Healthy", HealthOf(Cluster.Get(pod)));
        await node.DeleteAsync(pod);
    }

    private static string HealthOf(V1Pod pod) => string.Join(
        "; ",
        (pod.Status.ContainerStatuses[0].AllocatedResourcesStatus ?? []).Select(static r =>
            $"{r.Name}: {string.Join(", ", r.Resources.Select(static d => $"{d.ResourceID} {d.Health}"))}"));

    private static V1Pod WithDevices(string name, int count, string script, string resource = Resource)
    {
        var pod = Pod(name, Shell("c", script));
        pod.Spec.Containers[0].Resources = new V1ResourceRequirements
        {
            Limits = new Dictionary<string, ResourceQuantity>
            {
                [resource] = new(count.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            },
        };
        return pod;
    }
}
