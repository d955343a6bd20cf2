using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.DynamicResources.Claims;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// Writes, before a pod is bound, which devices its ResourceClaims get, and that the pod uses them, and waits for their
/// preparation where drivers want it; and takes that back when the pod is not bound after all, or when devices keep it
/// from every node.
/// </summary>
internal sealed class DeviceBinder(IResourceClient client, ChangeSignals signals, TimeProvider time)
{
    private readonly BindingWait _wait = new(client, signals, time);

    /// <summary>Null when the pod has all its claims; else why not.</summary>
    /// <param name="decision">What was decided.</param>
    /// <param name="written">The claims as they are, as far as they were written.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<string?> BindAsync(
        SchedulingDecision decision, List<ResourceObject> written, CancellationToken cancellationToken)
    {
        foreach (var choice in decision.Devices)
        {
            var (claim, failure) = await BindAsync(decision.Pod, choice, cancellationToken);
            if (failure is not null)
            {
                return failure;
            }

            written.Add(claim!);
        }

        ObjectKey[] awaited = [.. decision.Devices.Where(static d => d.IsAwaited).Select(static d => d.Claim)];
        return awaited.Length == 0 ? null : await _wait.UntilAsync(
            decision,
            WellKnown.ResourceClaims,
            awaited,
            (key, ended) => PreparationAsync(key, decision.DevicePatience, ended),
            decision.DevicePatience,
            "device binding timeout",
            cancellationToken);
    }

    /// <summary>
    /// The pod does not use its claims any more. They keep their devices for its next attempt. Null, or the first
    /// refusal; a claim that is gone is nobody's.
    /// </summary>
    public async Task<Status?> UnreserveAsync(SchedulingDecision decision, CancellationToken cancellationToken)
    {
        Status? refusal = null;
        foreach (var choice in decision.Devices)
        {
            if (choice.Made is not null)
            {
                var deleted = await DeleteAsync(choice, uid: null, cancellationToken);
                refusal ??= RefusalOf(deleted);
                continue;
            }

            var outcome = await client.MutateAsync<Resourcev1ResourceClaim>(
                choice.Claim,
                "status",
                claim =>
                {
                    var others = (claim.Status?.ReservedFor ?? []).Where(r => r.Uid != decision.Pod.Uid).ToList();
                    if (claim.Metadata.Uid != choice.Uid || others.Count == (claim.Status?.ReservedFor?.Count ?? 0))
                    {
                        return false;
                    }

                    claim.Status!.ReservedFor = others.Count == 0 ? null : others;
                    return true;
                },
                cancellationToken);
            refusal ??= RefusalOf(outcome);
        }

        return refusal;
    }

    /// <summary>
    /// Takes the devices of a claim that nobody but the pod uses, so that it gets others. Null, or why not.
    /// </summary>
    public async Task<Status?> DeallocateAsync(
        PodInfo pod, DeviceChoice choice, CancellationToken cancellationToken) => RefusalOf(choice.IsLeft
        ? await DeleteAsync(choice, choice.Uid, cancellationToken)
        : await client.MutateAsync<Resourcev1ResourceClaim>(
            choice.Claim,
            "status",
            claim =>
            {
                if (claim.Metadata.Uid != choice.Uid || claim.Status?.Allocation is null
                    || (claim.Status.ReservedFor ?? []).Any(r => r.Uid != pod.Uid))
                {
                    return false;
                }

                (claim.Status.Allocation, claim.Status.ReservedFor, claim.Status.Devices) = (null, null, null);
                return true;
            },
            cancellationToken));

    /// <summary>Deletes a claim that nobody uses yet, whatever it was given.</summary>
    private async Task<Outcome<ResourceObject>> DeleteAsync(
        DeviceChoice choice, string? uid, CancellationToken cancellationToken)
    {
        var released = await client.MutateAsync<Resourcev1ResourceClaim>(
            choice.Claim,
            "",
            static claim => claim.Metadata.Finalizers?.Remove(ResourceClaimPlanner.Finalizer) == true,
            cancellationToken);
        return !released.Succeeded && released.Error.Reason != StatusReasons.NotFound
            ? released
            : await client.DeleteAsync(
                new DeleteRequest { Resource = WellKnown.ResourceClaims, Key = choice.Claim, Uid = uid },
                cancellationToken);
    }

    private async Task<(bool IsDone, string? Failure)> PreparationAsync(
        ObjectKey key, TimeSpan patience, CancellationToken cancellationToken)
    {
        var read = await client.GetAsync<Resourcev1ResourceClaim>(key, ReadFreshness.Linearizable, cancellationToken);
        if (!read.Succeeded)
        {
            return (false, read.Error.Message);
        }

        var state = DevicePreparation.Of(read.Value);
        return state is (false, null) && DevicePreparation.IsOverdue(read.Value, time.GetUtcNow() - patience)
            ? (false, $"claim {key.Name} binding timeout")
            : state;
    }

    private static Status? RefusalOf(Outcome<ResourceObject> outcome) =>
        outcome.Error is { } error && error.Reason != StatusReasons.NotFound ? error : null;

    private async Task<(ResourceObject? Claim, string? Failure)> BindAsync(
        PodInfo pod, DeviceChoice choice, CancellationToken cancellationToken)
    {
        if (choice.Made is { } made)
        {
            return await MakeAsync(pod, choice, made, cancellationToken);
        }

        string? refusal = null;
        if (choice.Allocation is not null)
        {
            // First, so that no claim is gone as long as it has devices.
            var held = await client.MutateAsync<Resourcev1ResourceClaim>(
                choice.Claim,
                "",
                claim => (refusal = WhyNot(claim, choice)) is null && Hold(claim),
                cancellationToken);
            if (refusal is not null)
            {
                return (null, refusal);
            }

            if (!held.Succeeded)
            {
                return (null, $"add finalizer to claim {choice.Claim}: {held.Error.Message}");
            }
        }

        var outcome = await client.MutateAsync<Resourcev1ResourceClaim>(
            choice.Claim,
            "status",
            claim => (refusal = WhyNot(claim, choice)) is null && Give(claim, choice, pod),
            cancellationToken);
        var what = choice.Allocation is null ? "add reservation" : "add allocation and reservation";
        return refusal is not null ? (null, refusal)
            : outcome.Succeeded ? (outcome.Value, null)
            : (null, $"{what} to claim {choice.Claim}: {outcome.Error.Message}");
    }

    /// <summary>Makes the claim, gives it its devices, and tells the pod of it; or leaves nothing behind.</summary>
    private async Task<(ResourceObject? Claim, string? Failure)> MakeAsync(
        PodInfo pod, DeviceChoice choice, ExtendedClaim made, CancellationToken cancellationToken)
    {
        made.Claim.Metadata.Uid = null;
        made.Claim.Metadata.Finalizers = [ResourceClaimPlanner.Finalizer];
        var created = await client.CreateAsync(made.Claim, cancellationToken);
        if (!created.Succeeded)
        {
            return (null, $"create claim for extended resources {choice.Claim}: {created.Error.Message}");
        }

        // Exactly what was just written, for a cache may not know of it yet.
        var claim = created.Value.Clone<Resourcev1ResourceClaim>();
        Give(claim, choice, pod);
        var given = await client.UpdateStatusAsync(claim, cancellationToken);
        var failure = given.Succeeded
            ? await ShowAsync(pod, made, cancellationToken)
            : $"add allocation and reservation to claim {choice.Claim}: {given.Error.Message}";
        if (failure is null)
        {
            return (given.Value, null);
        }

        await DeleteAsync(choice, created.Value.Uid, cancellationToken);
        return (null, failure);
    }

    private async Task<string?> ShowAsync(PodInfo pod, ExtendedClaim made, CancellationToken cancellationToken)
    {
        var read = await client.GetAsync<V1Pod>(pod.Key, ReadFreshness.Linearizable, cancellationToken);
        if (!read.Succeeded)
        {
            return read.Error.Message;
        }

        var spec = read.Value.Spec;
        var containers = (spec.InitContainers ?? []).Concat(spec.Containers).Select(static c => c.Name).ToList();
        var mappings = made.Mappings.Select(m => (JsonNode)new JsonObject
        {
            ["containerName"] = containers[m.Container], ["resourceName"] = m.Resource, ["requestName"] = m.Request,
        });
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = pod.Uid },
            ["status"] = new JsonObject
            {
                ["extendedResourceClaimStatus"] = new JsonObject
                {
                    ["requestMappings"] = new JsonArray([.. mappings]),
                    ["resourceClaimName"] = made.Claim.Metadata.Name,
                },
            },
        };
        var written = await client.PatchStatusAsync<V1Pod>(pod.Key, patch, cancellationToken);
        return written.Succeeded
            ? null
            : $"update pod {pod.Key} ExtendedResourceClaimStatus: {written.Error.Message}";
    }

    private static string? WhyNot(Resourcev1ResourceClaim claim, DeviceChoice choice) =>
        claim.Metadata.Uid != choice.Uid || claim.Metadata.DeletionTimestamp is not null
            ? $"claim {choice.Claim} got deleted in the meantime"
            : choice.Allocation is not null && claim.Status?.Allocation is not null
                ? $"claim {choice.Claim} got allocated elsewhere in the meantime"
                : null;

    private static bool Hold(Resourcev1ResourceClaim claim)
    {
        if (claim.Metadata.Finalizers?.Contains(ResourceClaimPlanner.Finalizer) == true)
        {
            return false;
        }

        claim.Metadata.Finalizers = [.. claim.Metadata.Finalizers ?? [], ResourceClaimPlanner.Finalizer];
        return true;
    }

    private bool Give(Resourcev1ResourceClaim claim, DeviceChoice choice, PodInfo pod)
    {
        if (PodResourceClaims.IsReserved(pod.Uid, claim))
        {
            return false;
        }

        claim.Status ??= new V1ResourceClaimStatus();
        if (choice.Allocation is { } allocation)
        {
            allocation.AllocationTimestamp = time.GetUtcNow().UtcDateTime;
            claim.Status.Allocation = allocation;
        }

        var user = new V1ResourceClaimConsumerReference { Resource = "pods", Name = pod.Key.Name, Uid = pod.Uid };
        claim.Status.ReservedFor = [.. claim.Status.ReservedFor ?? [], user];
        return true;
    }
}
