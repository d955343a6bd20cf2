using k8s;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;

namespace OrleansOrchestrator.NodeAgent.Csi;

/// <summary>Follows what the cluster says of drivers, for what counts while nobody asks.</summary>
public sealed class CsiDriverWatch(
    IKubernetes client, CsiLimits limits, TimeProvider time, ILogger<CsiDriverWatch> logger) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        new Reflector<V1CSIDriver>("drivers of CSI", time, logger)
        {
            List = async token =>
            {
                var list = await client.StorageV1.ListCSIDriverAsync(cancellationToken: token);
                return new ObjectList<V1CSIDriver>([.. list.Items], list.Metadata.ResourceVersion);
            },
            Watch = (revision, onError, token) => client.StorageV1.WatchListCSIDriverAsync(
                resourceVersion: revision,
                allowWatchBookmarks: true,
                timeoutSeconds: Reflector<V1CSIDriver>.WatchSeconds,
                onError: onError,
                cancellationToken: token),
            Replaced = limits.Replace,
            Changed = Change,
        }.RunAsync(stoppingToken);

    private void Change(WatchEventType type, V1CSIDriver definition)
    {
        if (type == WatchEventType.Deleted)
        {
            limits.Forget(definition.Metadata.Name);
        }
        else
        {
            limits.Observe(definition);
        }
    }
}
