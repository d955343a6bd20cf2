using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Devices;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Tests.Support;

/// <summary>The node's side of device plugins, put together as the agent does.</summary>
internal sealed class DeviceParts : IDisposable
{
    public DeviceParts(NodeAgentOptions options, TimeProvider time)
    {
        Directory.CreateDirectory(options.DataDirectory);
        Inventory = new DeviceInventory(time);
        Allocations = new DeviceAllocations(options, NullLogger<DeviceAllocations>.Instance);
        Plugins = new DevicePlugins(options, Inventory, Allocations, Meters, NullLogger<DevicePlugins>.Instance);
        Manager = new DeviceManager(Inventory, Allocations, Plugins, PinningParts.Machine, Meters, time);
        Claimed = new DraParts(options, new FakeCluster(), time);
        Server = new DeviceServer(
            options, Plugins, new PodResourcesLister(
                Pods, Allocations, Inventory, Claimed.Manager, PinningParts.Cpus(options),
                PinningParts.Memory(options)),
            new AlphaPodResourcesLister(Pods, Allocations), new PodResourcesGate(Meters, time),
            NullLoggerFactory.Instance, NullLogger<DeviceServer>.Instance);
    }

    public KubeletMeters Meters { get; } = new();

    public DeviceInventory Inventory { get; }

    public DeviceAllocations Allocations { get; }

    public DevicePlugins Plugins { get; }

    public DeviceManager Manager { get; }

    /// <summary>The other way to devices.</summary>
    public DraParts Claimed { get; }

    public FakePods Pods { get; } = new();

    public DeviceServer Server { get; }

    public void Dispose()
    {
        Server.Dispose();
        Claimed.Dispose();
        Plugins.Dispose();
        Manager.Dispose();
    }

    /// <summary>The pods that a test says that the node has.</summary>
    internal sealed class FakePods : IPodRegistry
    {
        public List<V1Pod> All { get; } = [];

        public IReadOnlyList<V1Pod> List() => All;

        public PodEntry? Find(string podNamespace, string podName) =>
            All.Find(p => p.Metadata.NamespaceProperty == podNamespace && p.Metadata.Name == podName) is { } pod
                ? Entry(pod)
                : null;

        public PodEntry? FindByUid(string uid) => All.Find(p => p.Metadata.Uid == uid) is { } pod ? Entry(pod) : null;

        private static PodEntry Entry(V1Pod pod) =>
            new(pod, PodRuntimeState.Empty(pod.Metadata.Uid), LogDirectory: "");
    }
}
