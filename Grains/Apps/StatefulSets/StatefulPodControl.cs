using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Apps.StatefulSets;

/// <summary>Carries out the steps of a StatefulSet's plan, with upstream's events. Each can be repeated.</summary>
/// <param name="client">The API, as the controller.</param>
/// <param name="events">In the controller's name.</param>
/// <param name="observed">What the plan was made for.</param>
/// <param name="templates">Gives the template of the current (true) or the updated revision.</param>
internal sealed class StatefulPodControl(
    IResourceClient client,
    EventRecorder events,
    StatefulSetObserved observed,
    Func<bool, V1PodTemplateSpec> templates)
{
    private readonly V1StatefulSet _set = observed.Set;

    /// <summary>Does one step; what went wrong, or null.</summary>
    public Task<string?> RunAsync(StatefulStep step, CancellationToken cancellationToken) => step.Action switch
    {
        StatefulAction.Create => CreateAsync(step, cancellationToken),
        StatefulAction.EnsureClaims => EnsureClaimsAsync(step.Ordinal, step.Pod!, cancellationToken),
        StatefulAction.Repair => RepairAsync(step.Ordinal, step.Pod!, cancellationToken),
        StatefulAction.FixClaimOwners => FixOwnersAsync(step.Ordinal, step.Pod!, cancellationToken),
        _ => DeleteAsync(step.Pod!, cancellationToken),
    };

    private async Task<string?> CreateAsync(StatefulStep step, CancellationToken cancellationToken)
    {
        var name = StatefulPods.Name(_set, step.Ordinal);
        if (await CreateClaimsAsync(step.Ordinal, cancellationToken) is { } unclaimed)
        {
            return Record("Create", name, unclaimed);
        }

        var revision = step.IsCurrent ? observed.CurrentRevision : observed.UpdateRevision;
        var pod = StatefulPods.New(_set, templates(step.IsCurrent), revision, step.Ordinal);
        var created = await client.CreateAsync(pod, cancellationToken);
        if (!created.Succeeded)
        {
            // One with the right owner was made by an earlier attempt, and the next look finds it; another's is in the
            // way, which is no event.
            return created.Error.Reason == StatusReasons.AlreadyExists
                ? created.Error.Message
                : Record("Create", name, created.Error.Message);
        }

        var unowned = await FixOwnersAsync(step.Ordinal, PodFacts.Of(created.Value), cancellationToken);
        return unowned is null ? Record("Create", name, null) : Record("Update", name, unowned);
    }

    private async Task<string?> EnsureClaimsAsync(int ordinal, PodFacts pod, CancellationToken cancellationToken) =>
        await CreateClaimsAsync(ordinal, cancellationToken)
        ?? (await FixOwnersAsync(ordinal, pod, cancellationToken) is { } unowned
            ? Record("Update", pod.Key.Name, unowned)
            : null);

    private async Task<string?> RepairAsync(int ordinal, PodFacts pod, CancellationToken cancellationToken)
    {
        // A pod that mounts its claims already needs none, even while one of them is going.
        var failure = StatefulPods.MountsItsClaims(_set, ordinal, pod)
            ? null
            : await CreateClaimsAsync(ordinal, cancellationToken);
        failure ??= await FixOwnersAsync(ordinal, pod, cancellationToken);
        if (failure is null && !StatefulPods.IsMember(_set, ordinal, pod))
        {
            var copy = pod.Item.Clone<V1Pod>();
            StatefulPods.SetIdentity(_set, ordinal, copy);
            var written = await client.UpdateAsync(copy, cancellationToken);
            failure = written.Succeeded ? null : written.Error.Message;
        }

        return Record("Update", pod.Key.Name, failure);
    }

    private async Task<string?> DeleteAsync(PodFacts pod, CancellationToken cancellationToken)
    {
        var deleted = await client.DeleteAsync(
            new DeleteRequest { Resource = ResourceOf<V1Pod>.Name, Key = pod.Key, Uid = pod.Uid }, cancellationToken);
        return !deleted.Succeeded && deleted.Error.Reason is StatusReasons.NotFound or StatusReasons.Conflict
            ? null
            : Record("Delete", pod.Key.Name, deleted.Succeeded ? null : deleted.Error.Message);
    }

    private async Task<string?> CreateClaimsAsync(int ordinal, CancellationToken cancellationToken)
    {
        var failures = new List<string>();
        foreach (var claim in StatefulPods.Claims(_set, ordinal))
        {
            var name = claim.Metadata.Name;
            if (observed.Claims.TryGetValue(name, out var existing))
            {
                if (existing.Metadata.DeletionTimestamp is not null)
                {
                    failures.Add($"pvc {name} is being deleted");
                }

                continue;
            }

            var created = await client.CreateAsync(claim, cancellationToken);
            if (created.Succeeded || created.Error.Reason != StatusReasons.AlreadyExists)
            {
                RecordClaim(name, StatefulPods.Name(_set, ordinal), created.Succeeded ? null : created.Error.Message);
            }

            if (!created.Succeeded)
            {
                failures.Add($"failed to create PVC {name}: {created.Error.Message}");
            }
        }

        return GoErrors.Join(failures);
    }

    private async Task<string?> FixOwnersAsync(int ordinal, PodFacts pod, CancellationToken cancellationToken)
    {
        foreach (var template in _set.Spec.VolumeClaimTemplates ?? [])
        {
            var key = new ObjectKey(pod.Key.Namespace, StatefulPods.ClaimName(_set, template, ordinal));
            var read = await client.GetAsync<V1PersistentVolumeClaim>(
                key, ReadFreshness.Linearizable, cancellationToken);
            if (!read.Succeeded)
            {
                if (read.Error.Reason == StatusReasons.NotFound)
                {
                    continue;
                }

                return $"could not retrieve claim {key.Name} for {pod.Key.Name} when checking PVC deletion policy: "
                    + read.Error.Message;
            }

            if (ClaimOwners.Conflicts(_set, pod, read.Value))
            {
                events.Record(EventNote.Warning(
                    _set,
                    "ConflictingController",
                    $"PersistentVolumeClaim {key.Name} has a conflicting OwnerReference that acts as a managing " +
                    "controller, the retention policy is ignored for this claim"));
            }

            if (ClaimOwners.Of(_set, ordinal, pod, read.Value) is not { } owners)
            {
                continue;
            }

            var written = await WriteOwnersAsync(read.Value, owners, cancellationToken);
            if (!written.Succeeded && written.Error.Reason != StatusReasons.NotFound)
            {
                return $"could not update claim {key.Name} for delete policy ownerRefs: {written.Error.Message}";
            }
        }

        return null;
    }

    private ValueTask<Outcome<ResourceObject>> WriteOwnersAsync(
        V1PersistentVolumeClaim claim, List<V1OwnerReference> owners, CancellationToken cancellationToken)
    {
        var references = owners.Select(o => JsonNode.Parse(ResourceCodec.Encode(o))).ToArray();
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = claim.Metadata.Uid,
                ["resourceVersion"] = claim.Metadata.ResourceVersion,
                ["ownerReferences"] = references.Length == 0 ? null : new JsonArray(references),
            },
        };
        return client.MergeAsync<V1PersistentVolumeClaim>(claim.Key(), patch, cancellationToken);
    }

    /// <summary>Tells how something went with a pod; answers what went wrong.</summary>
    private string? Record(string verb, string pod, string? failure)
    {
        var what = $"{verb} Pod {pod} in StatefulSet {_set.Metadata.Name}";
        events.Record(failure is null
            ? EventNote.Normal(_set, $"Successful{verb}", $"{what} successful")
            : EventNote.Warning(_set, $"Failed{verb}", $"{what} failed error: {failure}"));
        return failure;
    }

    private void RecordClaim(string claim, string pod, string? failure)
    {
        var set = _set.Metadata.Name;
        events.Record(failure is null
            ? EventNote.Normal(
                _set, "SuccessfulCreate", $"Create Claim {claim} Pod {pod} in StatefulSet {set} success")
            : EventNote.Warning(
                _set,
                "FailedCreate",
                $"Create Claim {claim} for Pod {pod} in StatefulSet {set} failed error: {failure}"));
    }
}
