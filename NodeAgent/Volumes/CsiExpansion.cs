using System.Text.Json.Nodes;
using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Csi;
using OrleansOrchestrator.NodeAgent.Csi.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using Ability = OrleansOrchestrator.NodeAgent.Csi.V1.NodeServiceCapability.Types.RPC.Types.Type;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// The node's part in making a mounted volume larger: when the volume has become larger than it is here, the driver
/// enlarges the file system, and then the claim shows the new size, unless another node has done so before. How large
/// it is here is remembered: nobody asks for the claim before its volume is larger. Of pods that share a volume, one
/// has it expanded for all. Steps, words, pauses and events are upstream's.
/// </summary>
public sealed class CsiExpansion(
    NodeAgentOptions options, IObjectReader objects, IClusterApi api, CsiDrivers drivers, CsiDevices devices,
    CsiFacts facts, EventRecorder events, TimeProvider time)
{
    private const string Storage = "storage";
    private const string Pending = "NodeResizePending";
    private const string InProgress = "NodeResizeInProgress";
    private const string Infeasible = "NodeResizeInfeasible";
    private const string Error = "NodeResizeError";

    /// <summary>What a claim's status says of a change of its size.</summary>
    private static readonly string[] Conditions =
        ["FileSystemResizePending", "Resizing", "ControllerResizeError", Error];

    /// <summary>
    /// Expands the volume if that is due and it is not being done for another pod. Throws an
    /// <see cref="RpcException"/> when the driver does not say what it can.
    /// </summary>
    public async Task ExpandAsync(CsiPublished published, CancellationToken cancellationToken)
    {
        if (published.Mount is not { Persistent.Spec.ClaimRef: { } owner, IsReadOnly: false }
            || !await published.Growth.Gate.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            return;
        }

        try
        {
            await ExpandAsync(published, owner, cancellationToken);
        }
        finally
        {
            published.Growth.Gate.Release();
        }
    }

    private async Task ExpandAsync(
        CsiPublished published, V1ObjectReference owner, CancellationToken cancellationToken)
    {
        var growth = published.Growth;
        if (!growth.IsNotExpandable
            && !(time.GetSteadyTime() < growth.NotExpanded?.Until)
            && await objects.GetVolumeAsync(published.Mount.Name, cancellationToken) is { } volume
            && Amount(volume.Spec.Capacity) is { } wanted && !(wanted.ToDecimal() <= growth.Size)
            && await objects.GetClaimAsync(owner.NamespaceProperty, owner.Name, cancellationToken) is { } claim
            && claim.Metadata.Uid == owner.Uid
            && Amount(claim.Status?.Capacity)?.ToDecimal() is { } shown)
        {
            growth.Size ??= shown;
            var isShown = shown >= wanted.ToDecimal();
            if (growth.Size >= wanted.ToDecimal() || !MayExpand(claim, isShown))
            {
                growth.NotExpanded = null; // nobody is waited for, but the next look
                return;
            }

            await ExpandAsync(new Expansion(published, claim, volume, wanted, isShown), cancellationToken);
        }
    }

    /// <summary>
    /// Whether it is the node's turn. A resizer of old says nothing of that, and then it always is; one that another
    /// node has shown as done is still to be done here.
    /// </summary>
    private static bool MayExpand(V1PersistentVolumeClaim claim, bool isShown) => ResizeStatus(claim) switch
    {
        null => isShown || !IsFollowed(claim),
        var status => status is Pending or InProgress,
    };

    /// <summary>Whether who resizes the claim tells of its steps, and so wants to hear of the node's.</summary>
    private static bool IsFollowed(V1PersistentVolumeClaim claim) =>
        ResizeStatus(claim) is not null || claim.Status?.AllocatedResources is { Count: > 0 };

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
        var (published, claim, _, wanted, isShown) = expansion;
        if (ResizeStatus(claim) == Pending)
        {
            await PatchAsync(
                claim, new JsonObject { ["allocatedResourceStatuses"] = ResizeStatus(InProgress) }, cancellationToken);
        }

        var request = await RequestAsync(expansion, abilities, cancellationToken);
        try
        {
            await driver.ExpandAsync(request, cancellationToken);
        }
        catch (RpcException refusal) when (!cancellationToken.IsCancellationRequested)
        {
            await FailAsync(expansion, refusal, cancellationToken);
            return;
        }

        var told = isShown ? Cleared(claim, Error) : Finished(claim, wanted);
        if (told.Count > 0)
        {
            await PatchAsync(claim, told, cancellationToken);
        }

        (published.Growth.NotExpanded, published.Growth.Size) = (null, wanted.ToDecimal());
        TellDone(published.Mount.Pod, claim, published.Mount.Name);
    }

    private async Task<NodeExpandVolumeRequest> RequestAsync(
        Expansion expansion, IReadOnlySet<Ability> abilities, CancellationToken cancellationToken)
    {
        var mount = expansion.Published.Mount;
        var secrets = await facts.SecretsAsync(
            expansion.Volume.Spec.Csi.NodeExpandSecretRef, "NodeExpandSecretRef", cancellationToken);
        return new NodeExpandVolumeRequest
        {
            VolumeId = mount.Handle,
            VolumePath = expansion.Published.Target,
            StagingTargetPath = abilities.Contains(Ability.StageUnstageVolume) ? devices.StagingOf(mount) : "",
            CapacityRange = new CapacityRange { RequiredBytes = (long)expansion.Wanted.ToDecimal() },
            VolumeCapability = mount.Capability(abilities, group: null),
            Secrets = { secrets },
        };
    }

    /// <summary>
    /// The claim tells why. What cannot be at all is for its resizer to settle, as is what failed before while the
    /// claim has come to want another size; a volume that is in use may grow where it is mounted next. The claim is
    /// told last, so that one that cannot be told has the driver asked no more often.
    /// </summary>
    private async Task FailAsync(Expansion expansion, RpcException refusal, CancellationToken cancellationToken)
    {
        var (published, claim, _, wanted, _) = expansion;
        var growth = published.Growth;
        var cannotBe = refusal.StatusCode is StatusCode.InvalidArgument or StatusCode.OutOfRange or StatusCode.NotFound;
        var colon = cannotBe ? "" : ": ";
        var words = $"Expander.NodeExpand failed to expand the volume {colon}{CriErrors.Text(refusal)}";
        var wantsOther = Amount(claim.Spec.Resources?.Requests)?.ToDecimal() != wanted.ToDecimal();
        var isInfeasible = cannotBe || (wantsOther && growth.NotExpanded is not null);
        var isInUse = refusal.StatusCode == StatusCode.FailedPrecondition;
        growth.IsNotExpandable = isInUse;
        growth.NotExpanded = isInUse ? null : RetryDelay.After(growth.NotExpanded, time.GetSteadyTime());
        events.Pod(
            published.Mount.Pod, EventRecorder.Warning, "VolumeResizeFailed",
            "NodeExpandVolume.NodeExpandVolume failed " + (isInUse
                ? $"to resize volume for volume \"{published.Mount.Name}\" : volume resizing failed for unknown reason"
                : $"for volume \"{published.Mount.Name}\" : {words}"));
        if (IsFollowed(claim))
        {
            await TellClaimAsync(claim, words, isInfeasible, cancellationToken);
        }
    }

    private async Task TellClaimAsync(
        V1PersistentVolumeClaim claim, string words, bool isInfeasible, CancellationToken cancellationToken)
    {
        var status = new JsonObject();
        if (isInfeasible)
        {
            status["allocatedResourceStatuses"] = ResizeStatus(Infeasible);
        }

        if (claim.Status.Conditions?.Any(static c => c is { Type: Error, Status: "True" }) != true)
        {
            status["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = Error,
                ["status"] = "True",
                ["lastTransitionTime"] = time.GetUtcNow().ToApiText(),
                ["message"] = $"failed to expand pvc with {words}",
            });
        }

        if (status.Count > 0)
        {
            await PatchAsync(claim, status, cancellationToken);
        }
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
        var status = Cleared(claim, Conditions);
        status["capacity"] = new JsonObject { [Storage] = size.ToString() };
        if (ResizeStatus(claim) is not null)
        {
            status["allocatedResourceStatuses"] = ResizeStatus((string?)null);
        }

        return status;
    }

    /// <summary>Takes away those of the conditions that the claim has; empty when it has none.</summary>
    private static JsonObject Cleared(V1PersistentVolumeClaim claim, params string[] conditions)
    {
        var status = new JsonObject();
        var done = conditions.Where(c => claim.Status.Conditions?.Any(k => k.Type == c) == true)
            .Select(static c => (JsonNode)new JsonObject { ["$patch"] = "delete", ["type"] = c }).ToArray();
        if (done.Length > 0)
        {
            status["conditions"] = new JsonArray(done);
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

    /// <summary>A volume that is to become larger.</summary>
    /// <param name="Published">Where it is here.</param>
    /// <param name="Claim">As it is now.</param>
    /// <param name="Volume">As it is now.</param>
    /// <param name="Wanted">Its size.</param>
    /// <param name="IsShown">The claim shows that size already.</param>
    private sealed record Expansion(
        CsiPublished Published, V1PersistentVolumeClaim Claim, V1PersistentVolume Volume, ResourceQuantity Wanted,
        bool IsShown);
}
