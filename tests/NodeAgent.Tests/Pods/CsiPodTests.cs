using k8s.Models;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Csi;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.TestPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

/// <summary>A pod that runs with a volume of a driver's, which registers as drivers do.</summary>
[Collection("containers")]
public sealed class CsiPodTests(NodeHarness node)
{
    private FakeCluster Cluster => node.Cluster;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_pod_waits_for_its_driver_writes_to_its_volume_and_leaves_nothing_mounted()
    {
        node.Require();
        await using var driver = await FakeCsiDriver.StartAsync();
        var before = Cluster.NewestNode;
        Cluster.NewestNode = new V1Node { Metadata = new V1ObjectMeta { Name = "node-under-test", Uid = "node-uid" } };
        Cluster.CsiDrivers[FakeCsiDriver.Name] = FakeCsiDriver.Definition();
        PutVolume();
        var pod = Pod("of-a-driver", Shell(
            "c",
            "trap 'exit 0' TERM; id -G; echo kept >> /data/file; cat /data/file; while :; do sleep 1 & wait $!; done"));
        pod.Spec.Volumes =
        [
            new V1Volume
            {
                Name = "data",
                PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = "of-a-driver" },
            },
        ];
        pod.Spec.Containers[0].VolumeMounts = [new V1VolumeMount { Name = "data", MountPath = "/data" }];

        Cluster.Create(pod);
        await Cluster.UntilEventAsync(pod, "FailedMount", CsiDrivers.NotFound(FakeCsiDriver.Name));
        var socket = driver.Appear(node.Options);
        Assert.True((await driver.ToldAsync(Cancellation)).PluginRegistered);
        await Cluster.UntilAsync(pod, IsReady, "ready");
        Assert.Contains("4777", await node.UntilLogAsync(pod, "c", "kept"), StringComparison.Ordinal);
        var target = CsiPlaces.Target(node.Get<PodPaths>().CsiVolume(pod.Metadata.Uid, "of-a-driver"));
        Assert.Equal("kept\n", await File.ReadAllTextAsync(Path.Combine(target, "file"), Cancellation));

        await node.RestartAgentAsync(whileDown: static () => { });
        Assert.True((await driver.ToldAsync(Cancellation)).PluginRegistered);
        Assert.True(MountPoints.Contains(target));

        await node.DeleteAsync(pod);
        await Cluster.UntilAsync(
            () => !CsiPlaces.Staged(node.Options).Any(), () => "nothing staged", poll: true);
        Assert.Equal(["NodeUnpublishVolume", "NodeUnstageVolume"], driver.Calls.TakeLast(2));
        Assert.Empty(MountPoints.Below(node.Options.CsiDirectory));
        File.Delete(socket);
        await Cluster.UntilAsync(
            () => node.Get<CsiDrivers>().Find(FakeCsiDriver.Name) is null, () => "no driver", poll: true);
        Cluster.NewestNode = before;
    }

    private void PutVolume()
    {
        const string name = "of-a-driver";
        Cluster.Put(new V1PersistentVolumeClaim
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Uid = "claim-of-a-driver" },
            Spec = new V1PersistentVolumeClaimSpec { VolumeName = name },
            Status = new V1PersistentVolumeClaimStatus { Phase = "Bound" },
        });
        Cluster.Put(new V1PersistentVolume
        {
            Metadata = new V1ObjectMeta
            {
                Name = name,
                Uid = "volume-of-a-driver",
                Annotations = new Dictionary<string, string> { ["pv.beta.kubernetes.io/gid"] = "4777" },
            },
            Spec = new V1PersistentVolumeSpec
            {
                AccessModes = ["ReadWriteOnce"],
                ClaimRef = new V1ObjectReference
                {
                    Name = name, NamespaceProperty = "default", Uid = "claim-of-a-driver",
                },
                Csi = new V1CSIPersistentVolumeSource { Driver = FakeCsiDriver.Name, VolumeHandle = "h" },
            },
        });
    }
}
