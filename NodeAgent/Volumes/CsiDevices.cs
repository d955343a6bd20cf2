using System.Collections.Concurrent;
using System.ComponentModel;
using Grpc.Core;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Csi;
using OrleansOrchestrator.NodeAgent.Csi.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Node;
using Ability = OrleansOrchestrator.NodeAgent.Csi.V1.NodeServiceCapability.Types.RPC.Types.Type;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// Volumes of drivers as the node has them, below pods: each is staged for the first pod that uses it, and unstaged
/// when the last has gone. A pod counts from before anything is done for it until its volumes are down; what an earlier
/// run of the agent left is read from its files when this one begins. One operation at a time is under way for one
/// volume. Until nothing of it is left, the node's status has an attachable volume in use.
/// </summary>
public sealed partial class CsiDevices(
    NodeAgentOptions options, PodPaths paths, CsiDrivers drivers, VolumesInUse inUse, TimeProvider time,
    ILogger<CsiDevices> logger)
{
    private readonly ConcurrentDictionary<string, Device> _devices = LeftBehind(options, paths);

    /// <summary>Raised when there may be something to take down.</summary>
    public event Action? Released;

    /// <summary>Where the volume is staged.</summary>
    public string StagingOf(CsiMount mount) => CsiPlaces.Staging(options, mount.Driver, mount.Handle);

    /// <summary>
    /// Counts the pod: from here on nobody takes the volume down. Returns what all its pods share of its size.
    /// </summary>
    public async Task<CsiGrowth> UseAsync(CsiMount mount, bool isAttachable, CancellationToken cancellationToken)
    {
        var device = await EnterAsync(StagingOf(mount), cancellationToken);
        device.Users[mount.Pod.Metadata.Uid] = 0;
        if (isAttachable)
        {
            device.Name = CsiPlaces.UniqueName(mount.Driver, mount.Handle);
            inUse.Add(device.Name);
        }

        device.Gate.Release();
        return device.Growth;
    }

    /// <summary>
    /// Has the driver stage the volume, unless it did. A driver that does not stage is asked for nothing, but the
    /// volume is written down all the same.
    /// </summary>
    public async Task StageAsync(
        CsiMount mount, CsiDriver driver, Func<Task<NodeStageVolumeRequest?>> ask, CancellationToken cancellationToken)
    {
        var staging = StagingOf(mount);
        var device = await EnterAsync(staging, cancellationToken);
        try
        {
            if (device.IsStaged)
            {
                return;
            }

            var request = await ask();
            OwnFiles.MakeMissing(staging, OwnFiles.PrivateDirectory);
            CsiPlaces.Write(staging, new CsiVolumeData { Driver = mount.Driver, Handle = mount.Handle });
            if (request is not null)
            {
                await driver.StageAsync(request, cancellationToken);
            }

            device.IsStaged = true;
        }
        catch (RpcException refusal) when (CsiDriver.IsFinal(refusal))
        {
            CsiPlaces.Remove(staging);
            throw;
        }
        finally
        {
            device.Gate.Release();
        }
    }

    /// <summary>The pod uses nothing any more.</summary>
    /// <param name="podUid">Its uid.</param>
    /// <param name="hadVolumes">It had some mounted; one of an earlier run of the agent was not counted.</param>
    public void Release(string podUid, bool hadVolumes)
    {
        var isReleased = hadVolumes;
        foreach (var device in _devices.Values)
        {
            isReleased |= device.Users.TryRemove(podUid, out _);
        }

        if (isReleased)
        {
            Released?.Invoke();
        }
    }

    /// <summary>
    /// Takes down what no pod uses, as far as its driver is there. Returns when the first of those that failed may be
    /// tried again; null when none did.
    /// </summary>
    public async Task<SteadyTime?> SweepAsync(CancellationToken cancellationToken)
    {
        var unused = _devices.Where(static d => d.Value.Users.IsEmpty).Select(static d => d.Key).ToList();
        var retries = await Task.WhenAll(unused.Select(s => TakeDownAsync(s, cancellationToken)));
        return retries.Min();
    }

    /// <summary>What is, or may be, staged, with the pods that have it mounted.</summary>
    private static ConcurrentDictionary<string, Device> LeftBehind(NodeAgentOptions options, PodPaths paths)
    {
        var devices = new ConcurrentDictionary<string, Device>(
            CsiPlaces.Staged(options).Select(static s => KeyValuePair.Create(s, new Device())), StringComparer.Ordinal);
        foreach (var uid in paths.KnownUids())
        {
            foreach (var data in paths.CsiTargets(uid).Select(CsiPlaces.Read).OfType<CsiVolumeData>())
            {
                devices.GetValueOrDefault(CsiPlaces.Staging(options, data.Driver, data.Handle))?.Users.TryAdd(uid, 0);
            }
        }

        return devices;
    }

    private async Task<SteadyTime?> TakeDownAsync(string staging, CancellationToken cancellationToken)
    {
        if (await TryEnterAsync(staging, TimeSpan.Zero, cancellationToken) is not { } device)
        {
            return null; // somebody is at it
        }

        try
        {
            var data = CsiPlaces.Read(staging);
            var driver = data is null ? null : drivers.Find(data.Driver);
            if (!device.Users.IsEmpty || (data is not null && driver is null))
            {
                return null;
            }

            if (device.Failed is { } failed && time.GetSteadyTime() < failed.Until)
            {
                return failed.Until;
            }

            await UnstageAsync(driver, data, staging, cancellationToken);
            inUse.Remove(data is null ? device.Name : CsiPlaces.UniqueName(data.Driver, data.Handle));
            _devices.TryRemove(staging, out _);
            return null;
        }
        catch (Exception failure) when (
            failure is RpcException or IOException or Win32Exception or UnauthorizedAccessException)
        {
            var text = failure is RpcException refusal ? CriErrors.Text(refusal) : failure.Message;
            LogFailed(staging, text);
            device.Failed = RetryDelay.After(device.Failed, time.GetSteadyTime());
            return device.Failed.Value.Until;
        }
        finally
        {
            device.Gate.Release();
        }
    }

    private static async Task UnstageAsync(
        CsiDriver? driver, CsiVolumeData? data, string staging, CancellationToken cancellationToken)
    {
        if (driver is null || data is null)
        {
            return; // it was never asked for
        }

        if ((await driver.AbilitiesAsync(cancellationToken)).Contains(Ability.StageUnstageVolume))
        {
            await driver.UnstageAsync(
                new NodeUnstageVolumeRequest { VolumeId = data.Handle, StagingTargetPath = staging },
                cancellationToken);
        }

        if (!CsiPlaces.Remove(staging))
        {
            throw new IOException($"failed to clean up global mount {staging}: it is in use, or holds something");
        }
    }

    /// <summary>The volume's place with its gate held. One that was taken down meanwhile is another's.</summary>
    private async Task<Device> EnterAsync(string staging, CancellationToken cancellationToken) =>
        (await TryEnterAsync(staging, Timeout.InfiniteTimeSpan, cancellationToken))!;

    /// <summary>Null when its gate is held by another for that long.</summary>
    private async Task<Device?> TryEnterAsync(string staging, TimeSpan patience, CancellationToken cancellationToken)
    {
        while (true)
        {
            var device = _devices.GetOrAdd(staging, static _ => new Device());
            if (!await device.Gate.WaitAsync(patience, cancellationToken))
            {
                return null;
            }

            if (_devices.GetValueOrDefault(staging) == device)
            {
                return device;
            }

            device.Gate.Release();
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Volume at {Staging} is not taken down yet: {Problem}")]
    private partial void LogFailed(string staging, string problem);

    private sealed class Device
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        /// <summary>Uids of pods.</summary>
        public ConcurrentDictionary<string, byte> Users { get; } = new(StringComparer.Ordinal);

        public CsiGrowth Growth { get; } = new();

        public bool IsStaged { get; set; }

        /// <summary>What the node's status calls it; empty where that does not have it in use.</summary>
        public string Name { get; set; } = "";

        /// <summary>When taking it down failed, until when it is left.</summary>
        public RetryDelay? Failed { get; set; }
    }
}
