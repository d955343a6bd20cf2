using k8s.Models;
using OrleansOrchestrator.NodeAgent.Csi;
using OrleansOrchestrator.NodeAgent.Environments;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Volumes;

/// <summary>
/// A node with a driver that really mounts, on a real socket, and a claim whose volume is the driver's.
/// </summary>
public abstract class CsiTestBed : IAsyncLifetime
{
    private protected const string Handle = "handle/1";
    private protected const string UniqueName = "kubernetes.io/csi/fake.csi.example.com^handle/1";

    private protected VolumeStand Stand { get; } = new();

    private protected FakeCsiDriver Driver { get; private set; } = null!;

    private protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private protected static string[] Whole =>
        ["NodeStageVolume", "NodePublishVolume", "NodeUnpublishVolume", "NodeUnstageVolume"];

    private protected string Staging => CsiPlaces.Staging(Stand.Options, FakeCsiDriver.Name, Handle);

    private protected string Target => CsiPlaces.Target(Stand.Paths.CsiVolume(Stand.Pod.Metadata.Uid, "pv"));

    public async ValueTask InitializeAsync()
    {
        Driver = await FakeCsiDriver.StartAsync();
        Stand.Cluster.NewestNode = new V1Node { Metadata = new V1ObjectMeta { Name = "n", Uid = "node-uid" } };
        await Stand.Csi.RegisterAsync(Driver, Cancellation);
        Define();
    }

    public async ValueTask DisposeAsync()
    {
        Stand.Dispose();
        await Driver.DisposeAsync();
    }

    private protected static EnvironmentFacts Facts() =>
        new() { Addresses = new PodAddresses(["10.0.0.1"], ["10.1.0.1"]) };

    private protected static V1Volume Claimed(bool isReadOnly = false) => new()
    {
        Name = "v",
        PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource
        {
            ClaimName = "c", ReadOnlyProperty = isReadOnly,
        },
    };

    private protected static V1Volume Inline() =>
        new() { Name = "v", Csi = new V1CSIVolumeSource { Driver = FakeCsiDriver.Name } };

    private protected static Dictionary<string, ResourceQuantity> Size(string size) =>
        new() { ["storage"] = new(size) };

    private protected void Define(Action<V1CSIDriverSpec>? change = null) =>
        Stand.Cluster.CsiDrivers[FakeCsiDriver.Name] = FakeCsiDriver.Definition(change);

    private protected V1PersistentVolume Bound(Action<V1PersistentVolume>? change = null)
    {
        PutClaim();
        var volume = new V1PersistentVolume
        {
            Metadata = new V1ObjectMeta { Name = "pv", Uid = "volume-uid" },
            Spec = new V1PersistentVolumeSpec
            {
                AccessModes = ["ReadWriteOnce"],
                Capacity = Size("1Gi"),
                ClaimRef = new V1ObjectReference { Name = "c", NamespaceProperty = "default", Uid = "claim-uid" },
                Csi = new V1CSIPersistentVolumeSource
                {
                    Driver = FakeCsiDriver.Name, VolumeHandle = Handle, FsType = "ext4",
                    VolumeAttributes = new Dictionary<string, string> { ["a"] = "b" },
                },
            },
        };
        change?.Invoke(volume);
        Stand.Cluster.Put(volume);
        return volume;
    }

    private protected void PutClaim(
        string? condition = null, string? resize = null, string shows = "1Gi", string? allocated = null,
        string wants = "2Gi") => Stand.Cluster.Put(new V1PersistentVolumeClaim
        {
            Metadata = new V1ObjectMeta { Name = "c", NamespaceProperty = "default", Uid = "claim-uid" },
            Spec = new V1PersistentVolumeClaimSpec
            {
                VolumeName = "pv", Resources = new V1VolumeResourceRequirements { Requests = Size(wants) },
            },
            Status = new V1PersistentVolumeClaimStatus
            {
                Phase = "Bound",
                Capacity = Size(shows),
                AllocatedResources = allocated is null ? null : Size(allocated),
                Conditions = condition is null
                    ? null : [new V1PersistentVolumeClaimCondition { Type = condition, Status = "True" }],
                AllocatedResourceStatuses = resize is null
                    ? null : new Dictionary<string, string> { ["storage"] = resize },
            },
        });

    private protected void PutSecret(string space, string name, string value) => Stand.Cluster.Put(new V1Secret
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = space },
        Data = new Dictionary<string, byte[]> { ["key"] = System.Text.Encoding.UTF8.GetBytes(value) },
    });

    private protected async Task<string> RefusedAsync(V1Volume volume) =>
        (await Assert.ThrowsAsync<VolumeException>(() => Stand.SetUpAsync(volume))).Message;

    /// <summary>Another pod with the volumes of the first; returns it.</summary>
    private protected async Task<V1Pod> SetUpOtherAsync()
    {
        var other = Stand.Pod with
        {
            Metadata = Stand.Pod.Metadata with { Name = "q", Uid = "7d3a0c11-0000-4000-8000-000000000002" },
        };
        other.Spec.Containers[0].VolumeMounts = [new V1VolumeMount { Name = "v", MountPath = "/v" }];
        await Stand.Manager.SetUpAsync(other, Facts(), Cancellation);
        return other;
    }

    /// <summary>The pod goes, and then what it has left.</summary>
    private protected async Task TearDownAsync()
    {
        await Stand.Manager.TearDownAsync(Stand.Pod.Metadata.Uid, Cancellation);
        await Stand.Csi.Upkeep.RoundAsync(Cancellation);
    }
}
