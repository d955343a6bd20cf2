using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Csi;
using OrleansOrchestrator.NodeAgent.Csi.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using Ability = OrleansOrchestrator.NodeAgent.Csi.V1.NodeServiceCapability.Types.RPC.Types.Type;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>What a driver tells of a volume.</summary>
/// <param name="Own">Its size.</param>
/// <param name="UsedBytes">How much is used.</param>
/// <param name="UsedInodes">How many files there are.</param>
/// <param name="MeasuredAt">When it was asked.</param>
public sealed record CsiUsed(FileSystemUsage Own, long UsedBytes, long UsedInodes, DateTimeOffset MeasuredAt);

/// <summary>
/// How full volumes of drivers are, as the drivers tell it. Of one that cannot, or does not answer in time, nothing is
/// known.
/// </summary>
public sealed class CsiUsage(CsiDrivers drivers, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public async Task MeasureAsync(CsiPublished published, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            published.Used = drivers.Find(published.Mount.Driver) is { } driver
                && (await driver.AbilitiesAsync(end.Token)).Contains(Ability.GetVolumeStats)
                    ? Read(await driver.StatsAsync(
                        new NodeGetVolumeStatsRequest
                        {
                            VolumeId = published.Mount.Handle, VolumePath = published.Target,
                        },
                        end.Token))
                    : null;
        }
        catch (Exception failure) when (
            failure is RpcException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            published.Used = null;
        }
    }

    private CsiUsed Read(NodeGetVolumeStatsResponse answer)
    {
        var bytes = answer.Usage.LastOrDefault(static u => u.Unit == VolumeUsage.Types.Unit.Bytes) ?? new VolumeUsage();
        var inodes =
            answer.Usage.LastOrDefault(static u => u.Unit == VolumeUsage.Types.Unit.Inodes) ?? new VolumeUsage();
        return new CsiUsed(
            new FileSystemUsage(bytes.Total, bytes.Available, inodes.Total, inodes.Available), bytes.Used, inodes.Used,
            time.GetUtcNow());
    }
}
