using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Devices;
using OrleansOrchestrator.NodeAgent.Devices.PodResourcesV1;
using OrleansOrchestrator.NodeAgent.Dra.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Numa;
using OrleansOrchestrator.NodeAgent.Tests.Pods.Resizing;
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
            new DeviceParts.FakePods { All = { pod } },
            new DeviceAllocations(options, NullLogger<DeviceAllocations>.Instance),
            new DeviceInventory(TimeProvider.System), claims.Manager, PinningParts.Cpus(options),
            PinningParts.Memory(options));
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

    [Fact]
    public async Task What_a_container_has_for_itself_is_told_with_its_nodes_and_what_there_is_to_have()
    {
        var options = new NodeAgentOptions
        {
            NodeName = "n1", DataDirectory = _directory.FullName, SystemReservedMemoryBytes = 1 << 20,
            Housekeeping = new HousekeepingOptions { Eviction = new EvictionSettings { Hard = new Dictionary<string, string>() } },
            Resources = new ResourceOptions
            {
                CpuPolicy = "static", ReservedCpus = "0", MemoryPolicy = "Static", ReservedMemory = "0:memory=1Mi",
            },
        };
        using var claims = new DraParts(options, new FakeCluster(), TimeProvider.System);
        var pod = SizedPods.Pod("2/64Mi 500m/32Mi");
        var (cpus, memory) = (PinningParts.Cpus(options), PinningParts.Memory(options));
        foreach (var container in pod.Spec.Containers)
        {
            await cpus.AllocateAsync(pod, container, nodes: null, CancellationToken.None);
            await memory.AllocateAsync(pod, container, nodes: null, CancellationToken.None);
        }

        var inventory = new DeviceInventory(TimeProvider.System);
        inventory.Set(
            "r", new Dictionary<string, bool> { ["a"] = true, ["b"] = true },
            new Dictionary<string, NumaSet> { ["a"] = NumaSet.Of(0, 1) });
        var lister = new PodResourcesLister(
            new DeviceParts.FakePods { All = { pod } },
            new DeviceAllocations(options, NullLogger<DeviceAllocations>.Instance), inventory, claims.Manager, cpus,
            memory);

        var told = (await lister.List(new ListPodResourcesRequest(), null!)).PodResources[0].Containers;
        var all = await lister.GetAllocatableResources(new AllocatableResourcesRequest(), null!);

        Assert.Equal([1, 5], told[0].CpuIds);
        Assert.Empty(told[1].CpuIds);
        var block = Assert.Single(told[0].Memory);
        Assert.Equal(("memory", 64UL << 20, 0L), (block.MemoryType, block.Size, block.Topology.Nodes.Single().ID));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], all.CpuIds);
        Assert.Equal(1023UL << 20, Assert.Single(all.Memory).Size);
        Assert.Equal([[0L, 1L], []], all.Devices.Select(static d => (d.Topology?.Nodes ?? []).Select(static n => n.ID)));
    }
}
