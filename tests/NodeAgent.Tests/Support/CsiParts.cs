using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Csi;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Plugins;
using OrleansOrchestrator.NodeAgent.Volumes;

namespace OrleansOrchestrator.NodeAgent.Tests.Support;

/// <summary>The parts of a node that have to do with drivers of CSI, put together as the agent does.</summary>
internal sealed class CsiParts
{
    public CsiParts(NodeAgentOptions options, FakeCluster cluster, NodeObject node, TimeProvider time)
    {
        Drivers = new CsiDrivers(new CsiNodeObject(cluster, options));
        InUse = new VolumesInUse(CsiPlaces.LeftBehind(options));
        var paths = new PodPaths(options);
        Devices = new CsiDevices(options, paths, Drivers, InUse, time, NullLogger<CsiDevices>.Instance);
        var facts = new CsiFacts(cluster, cluster, time, NullLogger<CsiFacts>.Instance);
        Volumes = new CsiVolumes(
            options, paths, cluster, Drivers, Devices, new CsiAttachments(options, cluster, node, time), facts, time);
        Events = new EventRecorder(cluster, options, TimeProvider.System, NullLogger<EventRecorder>.Instance);
        var expansion = new CsiExpansion(options, cluster, cluster, Drivers, Devices, facts, Events, time);
        Upkeep = new CsiUpkeep(
            Drivers, Devices, Volumes, expansion, new CsiUsage(Drivers, TimeProvider.System), Events, time,
            NullLogger<CsiUpkeep>.Instance);
    }

    public CsiDrivers Drivers { get; }

    public CsiDevices Devices { get; }

    public CsiVolumes Volumes { get; }

    public VolumesInUse InUse { get; }

    public CsiUpkeep Upkeep { get; }

    /// <summary>Writes nothing before it is started.</summary>
    public EventRecorder Events { get; }

    /// <summary>The driver registers, without a socket for that.</summary>
    public Task RegisterAsync(FakeCsiDriver driver, CancellationToken cancellationToken) =>
        Drivers.RegisterAsync(new Plugin(FakeCsiDriver.Name, driver.Socket, ["1.0.0"]), cancellationToken);
}
