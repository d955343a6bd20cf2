using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Csi;
using OrleansOrchestrator.NodeAgent.Node;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// Waits until the cluster has attached a volume to the node: first the node's status says that it wants the volume,
/// and the cluster that it has it; then the VolumeAttachment tells what the driver needs to know of that.
/// </summary>
public sealed class CsiAttachments(
    NodeAgentOptions options, IObjectReader objects, NodeObject node, CsiLimits limits, TimeProvider time)
{
    /// <summary>How long upstream's kubelet waits for the volumes of a pod.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(123);

    /// <summary>A driver of which the cluster knows nothing is taken to attach its volumes.</summary>
    public static bool IsAttachable(V1CSIDriver? definition) => definition?.Spec.AttachRequired != false;

    /// <summary>Returns the publish context; throws a <see cref="VolumeException"/> when there is none.</summary>
    public async Task<IDictionary<string, string>> WaitAsync(CsiMount mount, CancellationToken cancellationToken)
    {
        await UntilToldAsync(mount, cancellationToken);
        var name = CsiPlaces.AttachmentName(mount.Handle, mount.Driver, options.NodeName);
        var attachment = await objects.GetVolumeAttachmentAsync(name, cancellationToken);
        return Problem(mount, name, attachment) is { } problem
            ? throw new VolumeException(problem) { Stage = "MountVolume.WaitForAttach" }
            : attachment!.Status.AttachmentMetadata ?? new Dictionary<string, string>();
    }

    private static string? Problem(CsiMount mount, string name, V1VolumeAttachment? attachment) => attachment switch
    {
        null => $"volume {mount.Handle} has GET error for volume attachment {name}: " +
            $"volumeattachments.storage.k8s.io \"{name}\" not found",
        { Metadata.DeletionTimestamp: not null } => "volume attachment is being deleted",
        { Status.Attached: true } => null,
        { Status.AttachError.Message: { } message } => message,
        _ => $"timed out waiting for external-attacher of {mount.Driver} CSI driver to attach volume {mount.Handle}",
    };

    private async Task UntilToldAsync(CsiMount mount, CancellationToken cancellationToken)
    {
        var name = CsiPlaces.UniqueName(mount.Driver, mount.Handle);
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look(V1Node seen)
        {
            if (seen.Status?.VolumesInUse?.Contains(name) == true
                && seen.Status.VolumesAttached?.Any(v => v.Name == name) == true)
            {
                told.TrySetResult();
            }
        }

        node.Changed += Look;
        try
        {
            if (node.Current is { } current)
            {
                Look(current);
            }

            await told.Task.WaitAsync(Patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw await WhyNotAsync(mount, cancellationToken);
        }
        finally
        {
            node.Changed -= Look;
        }
    }

    /// <summary>
    /// The node takes no more volumes of a driver that says how many it takes: as upstream's kubelet, it lets the pod
    /// go, for another one to be made elsewhere.
    /// </summary>
    private async Task<VolumeException> WhyNotAsync(CsiMount mount, CancellationToken cancellationToken)
    {
        if (await IsFullAsync(mount, cancellationToken))
        {
            await limits.TellAsync(mount.Driver, cancellationToken);
            return new VolumeException("Node has reached its volume attachment limit, rejecting pod")
            {
                Stage = "", Reason = "VolumeAttachmentLimitExceeded", RejectsPod = true,
            };
        }

        return new VolumeException(
            $"Unable to attach or mount volumes: unmounted volumes=[{mount.PodVolume}], unattached " +
            $"volumes=[{mount.PodVolume}], failed to process volumes=[]: context deadline exceeded") { Stage = "" };
    }

    private async Task<bool> IsFullAsync(CsiMount mount, CancellationToken cancellationToken)
    {
        if (CsiLimits.PeriodOf(await objects.GetCsiDriverAsync(mount.Driver, cancellationToken)) is null)
        {
            return false;
        }

        var name = CsiPlaces.AttachmentName(mount.Handle, mount.Driver, options.NodeName);
        var attachment = await objects.GetVolumeAttachmentAsync(name, cancellationToken);
        return attachment?.Status?.AttachError?.ErrorCode == (int)StatusCode.ResourceExhausted;
    }
}
