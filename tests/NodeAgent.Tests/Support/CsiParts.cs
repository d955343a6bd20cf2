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
        var own = new CsiNodeObject(cluster, options);
        Drivers = new CsiDrivers(own);
        Limits = new CsiLimits(Drivers, own, time, NullLogger<CsiLimits>.Instance);
        InUse = new VolumesInUse(CsiPlaces.LeftBehind(options));
        var paths = new PodPaths(options);
        Devices = new CsiDevices(options, paths, Drivers, InUse, time, NullLogger<CsiDevices>.Instance);
        var facts = new CsiFacts(cluster, cluster, time, NullLogger<CsiFacts>.Instance);
        Events = new EventRecorder(cluster, options, TimeProvider.System, NullLogger<EventRecorder>.Instance);
        Ownership = new VolumeOwnership(Events, time);
        Volumes = new CsiVolumes(
            options, paths, cluster, Drivers, Devices, new CsiAttachments(options, cluster, node, Limits, time), facts,
            Ownership, time);
        var expansion = new CsiExpansion(options, cluster, cluster, Drivers, Devices, facts, Events, time);
        Upkeep = new CsiUpkeep(
            Drivers, Devices, Volumes, expansion, new CsiUsage(Drivers, TimeProvider.System), Events, time,
            NullLogger<CsiUpkeep>.Instance);
    }

    public CsiDrivers Drivers { get; }

    public CsiLimits Limits { get; }

    public CsiDevices Devices { get; }

    public VolumeOwnership Ownership { get; }

    public CsiVolumes Volumes { get; }

    public VolumesInUse InUse { get; }

    public CsiUpkeep Upkeep { get; }

    /// <summary>Writes nothing before it is started.</summary>
    public EventRecorder Events { get; }

    /// <summary>The driver registers, without a socket for that.</summary>
    public Task RegisterAsync(FakeCsiDriver driver, CancellationToken cancellationToken) =>
        Drivers.RegisterAsync(PluginOf(driver), cancellationToken);

    public Task DeregisterAsync(FakeCsiDriver driver, CancellationToken cancellationToken) =>
        Drivers.DeregisterAsync(PluginOf(driver), cancellationToken);

    private static Plugin PluginOf(FakeCsiDriver driver) => new(FakeCsiDriver.Name, driver.Socket, ["1.0.0"]);
}
