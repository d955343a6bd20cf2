using OrleansOrchestrator.NodeAgent.Devices;
using OrleansOrchestrator.NodeAgent.Devices.PodResourcesV1;
using OrleansOrchestrator.NodeAgent.Dra.V1;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using PodResourcesLister = OrleansOrchestrator.NodeAgent.Devices.PodResourcesLister;

namespace OrleansOrchestrator.NodeAgent.Tests.Devices;

/// <summary>What others on the node learn of the devices that pods claim.</summary>
public sealed class PodResourcesListerTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-listed-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task A_containers_claims_are_told_with_their_devices_once_they_are_prepared()
    {
        var options = new NodeAgentOptions { NodeName = "n1", DataDirectory = _directory.FullName };
        var cluster = new FakeCluster();
        using var claims = new DraParts(options, cluster, TimeProvider.System);
        await using var driver = await FakeDraDriver.StartAsync();
        driver.Prepare = static _ => new NodePrepareResourceResponse
        {
            Devices = { new Device { PoolName = "pool", DeviceName = "one", ShareId = "s", CdiDeviceIds = { "x=1" } } },
        };
        var pod = DraParts.Using(TestPods.Pod("p", TestPods.Service("c"), TestPods.Service("without")), "gpu");
        pod.Spec.Containers[1].Resources = null;
        cluster.Put(DraParts.Claim("gpu", [driver.Name], pod));
        var lister = new PodResourcesLister(
            new DeviceParts.FakePods { All = { pod } }, new DeviceAllocations(options),
            new DeviceInventory(TimeProvider.System), claims.Manager);
        var request = new GetPodResourcesRequest { PodName = "p", PodNamespace = "default" };
        Assert.Empty((await lister.Get(request, null!)).PodResources.Containers[0].DynamicResources);

        var cancellation = TestContext.Current.CancellationToken;
        await claims.RegisterAsync(driver, cancellation);
        await claims.Manager.PrepareAsync(pod, cancellation);
        var told = (await lister.Get(request, null!)).PodResources;

        var claim = Assert.Single(told.Containers[0].DynamicResources);
        Assert.Equal(("gpu", "default"), (claim.ClaimName, claim.ClaimNamespace));
        var device = Assert.Single(claim.ClaimResources);
        Assert.Equal(
            (driver.Name, "pool", "one", "s", "x=1"),
            (device.DriverName, device.PoolName, device.DeviceName, device.ShareId,
                Assert.Single(device.CdiDevices).Name));
        Assert.Empty(told.Containers[1].DynamicResources);
    }
}
