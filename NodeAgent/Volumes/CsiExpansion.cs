using System.Text.Json.Nodes;
using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Csi;
using OrleansOrchestrator.NodeAgent.Csi.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using Ability = OrleansOrchestrator.NodeAgent.Csi.V1.NodeServiceCapability.Types.RPC.Types.Type;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// The node's part in making a mounted volume larger: when the volume has become larger than its claim shows, the
/// driver enlarges the file system, and then the claim shows the new size. The size that the claim shows is remembered:
/// nobody asks for the claim before its volume is larger. Steps, words, pauses and events are upstream's.
/// </summary>
public sealed class CsiExpansion(
    NodeAgentOptions options, IObjectReader objects, IClusterApi api, CsiDrivers drivers, CsiDevices devices,
    CsiFacts facts, EventRecorder events, TimeProvider time)
{
    private const string Storage = "storage";
    private const string Pending = "NodeResizePending";
    private const string Infeasible = "NodeResizeInfeasible";

    /// <summary>What a claim's status says of a change of its size.</summary>
    private static readonly string[] Conditions =
        ["FileSystemResizePending", "Resizing", "ControllerResizeError", "NodeResizeError"];

    /// <summary>
    /// Expands the volume if that is due. Throws an <see cref="RpcException"/> when the driver does not say what it
    /// can.
    /// </summary>
    public async Task ExpandAsync(CsiPublished published, CancellationToken cancellationToken)
    {
        if (published.Mount is { Persistent.Spec.ClaimRef: { } owner, IsReadOnly: false } mount
            && !(time.GetSteadyTime() < published.NotExpanded?.Until)
            && await objects.GetVolumeAsync(mount.Name, cancellationToken) is { } volume
            && Amount(volume.Spec.Capacity) is { } wanted && !(wanted.ToDecimal() <= published.ShownSize)
            && await objects.GetClaimAsync(owner.NamespaceProperty, owner.Name, cancellationToken) is { } claim
            && claim.Metadata.Uid == owner.Uid
            && Amount(claim.Status?.Capacity)?.ToDecimal() is { } shown)
        {
            published.ShownSize = shown;
            if (shown < wanted.ToDecimal() && ResizeStatus(claim) != Infeasible)
            {
                await ExpandAsync(new Expansion(published, claim, volume, wanted), cancellationToken);
            }
        }
    }

    private async Task ExpandAsync(Expansion expansion, CancellationToken cancellationToken)
    {
        if (drivers.Find(expansion.Published.Mount.Driver) is { } driver
            && await driver.AbilitiesAsync(cancellationToken) is { } abilities
            && abilities.Contains(Ability.ExpandVolume))
        {
            await ExpandAsync(expansion, driver, abilities, cancellationToken);
        }
    }

    private async Task ExpandAsync(
        Expansion expansion, CsiDriver driver, IReadOnlySet<Ability> abilities, CancellationToken cancellationToken)
    {
        var (published, claim, volume, wanted) = expansion;
        var mount = published.Mount;
        if (ResizeStatus(claim) == Pending)
        {
            await PatchAsync(
                claim, new JsonObject { ["allocatedResourceStatuses"] = ResizeStatus("NodeResizeInProgress") },
                cancellationToken);
        }

        var secrets = await facts.SecretsAsync(
            volume.Spec.Csi.NodeExpandSecretRef, "NodeExpandSecretRef", cancellationToken);
        try
        {
            await driver.ExpandAsync(
                new NodeExpandVolumeRequest
                {
                    VolumeId = mount.Handle,
                    VolumePath = published.Target,
                    StagingTargetPath =
                        abilities.Contains(Ability.StageUnstageVolume) ? devices.StagingOf(mount) : "",
                    CapacityRange = new CapacityRange { RequiredBytes = (long)wanted.ToDecimal() },
                    VolumeCapability = mount.Capability(abilities, group: null),
                    Secrets = { secrets },
                },
                cancellationToken);
        }
        catch (RpcException refusal) when (!cancellationToken.IsCancellationRequested)
        {
            events.Pod(
                mount.Pod, EventRecorder.Warning, "VolumeResizeFailed",
                $"NodeExpandVolume.NodeExpandVolume failed for volume \"{mount.Name}\" : Expander.NodeExpand failed " +
                $"to expand the volume : {CriErrors.Text(refusal)}");
            published.NotExpanded = RetryDelay.After(published.NotExpanded, time.GetSteadyTime());
            return;
        }

        await PatchAsync(claim, Finished(claim, wanted), cancellationToken);
        (published.NotExpanded, published.ShownSize) = (null, wanted.ToDecimal());
        TellDone(mount.Pod, claim, mount.Name);
    }

    private void TellDone(V1Pod pod, V1PersistentVolumeClaim claim, string volume)
    {
        const string reason = "FileSystemResizeSuccessful";
        var message = $"MountVolume.NodeExpandVolume succeeded for volume \"{volume}\" {options.NodeName}";
        events.Pod(pod, EventRecorder.Normal, reason, message);
        events.Record(
            new V1ObjectReference
            {
                ApiVersion = "v1",
                Kind = "PersistentVolumeClaim",
                Name = claim.Metadata.Name,
                NamespaceProperty = claim.Metadata.NamespaceProperty,
                Uid = claim.Metadata.Uid,
                ResourceVersion = claim.Metadata.ResourceVersion,
            },
            EventRecorder.Normal, reason, message);
    }

    /// <summary>The new size, and nothing more of its change.</summary>
    private static JsonObject Finished(V1PersistentVolumeClaim claim, ResourceQuantity size)
    {
        var status = new JsonObject { ["capacity"] = new JsonObject { [Storage] = size.ToString() } };
        var done = Conditions.Where(c => claim.Status.Conditions?.Any(k => k.Type == c) == true)
            .Select(static c => (JsonNode)new JsonObject { ["$patch"] = "delete", ["type"] = c }).ToArray();
        if (done.Length > 0)
        {
            status["conditions"] = new JsonArray(done);
        }

        if (ResizeStatus(claim) is not null)
        {
            status["allocatedResourceStatuses"] = ResizeStatus((string?)null);
        }

        return status;
    }

    private Task PatchAsync(V1PersistentVolumeClaim claim, JsonObject status, CancellationToken cancellationToken) =>
        api.PatchClaimStatusAsync(
            claim.Metadata.NamespaceProperty, claim.Metadata.Name,
            new JsonObject { ["status"] = status }.ToJsonString(), cancellationToken);

    private static JsonObject ResizeStatus(string? status) => new() { [Storage] = status };

    private static string? ResizeStatus(V1PersistentVolumeClaim claim) =>
        claim.Status?.AllocatedResourceStatuses is { } all && all.TryGetValue(Storage, out var status) ? status : null;

    private static ResourceQuantity? Amount(IDictionary<string, ResourceQuantity>? capacity) =>
        capacity is not null && capacity.TryGetValue(Storage, out var amount) ? amount : null;

    private sealed record Expansion(
        CsiPublished Published, V1PersistentVolumeClaim Claim, V1PersistentVolume Volume, ResourceQuantity Wanted);
}
