using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.PersistentVolumes;

/// <summary>What came of emptying a volume so far: while it has neither end, it goes on.</summary>
/// <param name="IsClean">It is empty.</param>
/// <param name="Failure">Why it is not; null for no reason yet.</param>
internal readonly record struct RecycleOutcome(bool IsClean, string? Failure);

/// <summary>
/// Empties a released volume by a pod that mounts it. Which pod that is, is known to who made it only: one of its name
/// that is found after a crash, or that somebody forged, is deleted, and another made, as upstream has it.
/// </summary>
internal sealed class VolumeRecycler(IResourceClient client, EventRecorder events)
{
    private const string Failing = "VolumeFailedRecycle";

    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private V1Pod? _pod;
    private string? _volumeUid;

    /// <summary>What shows that a volume could not be emptied.</summary>
    public static EventNote Failed(V1PersistentVolume volume, string why) => EventNote.Warning(volume, Failing, why);

    /// <summary>Makes the pod, or looks what it does.</summary>
    public async Task<RecycleOutcome> StepAsync(V1PersistentVolume volume, CancellationToken cancellationToken)
    {
        // Another volume of the name: the pod of the one before says nothing of it.
        if (_pod is not null && _volumeUid != volume.Metadata.Uid)
        {
            await AbandonAsync(cancellationToken);
        }

        _volumeUid = volume.Metadata.Uid;
        if (_pod is not null)
        {
            return await FollowAsync(volume, _pod, cancellationToken);
        }

        if (await UsersAsync(volume.Spec.ClaimRef, cancellationToken) is { Count: > 0 } users)
        {
            var pods = string.Join(',', users.Order(StringComparer.Ordinal));
            events.Record(EventNote.Normal(volume, Failing, $"Volume is used by pods: {pods}"));
            return default;
        }

        return RecyclerPod.For(volume) is { } pod
            ? await BeginAsync(pod, cancellationToken)
            : new RecycleOutcome(false, "No recycler plugin found for the volume!");
    }

    /// <summary>The volume has gone: nobody waits for its pod any more.</summary>
    public async Task AbandonAsync(CancellationToken cancellationToken)
    {
        if (_pod is { } pod)
        {
            await RemoveAsync(pod, cancellationToken);
            End();
        }
    }

    /// <summary>
    /// Nobody is to empty the volume now: a pod that a lost request has made late must not, when it is in use again.
    /// </summary>
    public async Task TidyAsync(V1PersistentVolume volume, CancellationToken cancellationToken)
    {
        var key = new ObjectKey(RecyclerPod.Namespace, RecyclerPod.NameFor(volume.Metadata.Name));
        var late = await client.GetAsync<V1Pod>(key, ReadFreshness.Linearizable, cancellationToken);
        if (late.OrNull($"pod {key}") is { Metadata.DeletionTimestamp: null } pod)
        {
            await RemoveAsync(pod, cancellationToken);
        }
    }

    /// <summary>One that has gone, or is another by now, is well.</summary>
    private async Task RemoveAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        var deleted = await client.DeleteAsync(pod, cancellationToken);
        deleted.ThrowIfRefused($"pod {pod.Key()}", StatusReasons.NotFound, StatusReasons.Conflict);
    }

    private async Task<RecycleOutcome> BeginAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        var created = await client.CreateAsync(pod, cancellationToken);
        if (created.Succeeded)
        {
            _pod = created.Value.As<V1Pod>();
            return default;
        }

        if (created.Error.Reason == StatusReasons.AlreadyExists)
        {
            return await RemoveOldAsync(pod.Key(), cancellationToken);
        }

        var failure = ReconcileException.Of($"pod {pod.Key()}", created.Error);
        return failure.IsOutage
            ? throw failure
            : Fail($"unexpected error creating recycler pod:  {created.Error.Message}");
    }

    private async Task<RecycleOutcome> RemoveOldAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var old = await client.GetAsync<V1Pod>(key, ReadFreshness.Linearizable, cancellationToken);
        var deleted = old.Succeeded ? await client.DeleteAsync(old.Value, cancellationToken) : old.Error;
        return deleted.Succeeded || deleted.Error.Reason == StatusReasons.NotFound
            ? Fail("old recycler pod found, will retry later")
            : Fail($"failed to delete old recycler pod {key}: {deleted.Error.Message}");
    }

    private async Task<RecycleOutcome> FollowAsync(
        V1PersistentVolume volume, V1Pod pod, CancellationToken cancellationToken)
    {
        var read = await client.GetAsync<V1Pod>(pod.Key(), ReadFreshness.Linearizable, cancellationToken);
        var current = read.OrNull($"pod {pod.Key()}");
        await TellAsync(volume, pod, cancellationToken);
        if (current is null || current.Metadata.Uid != pod.Metadata.Uid)
        {
            End();
            return Fail("failed to recycle volume: recycler pod was deleted");
        }

        if (current.Status?.Phase is not ("Succeeded" or "Failed"))
        {
            return default;
        }

        var deleted = await client.DeleteAsync(pod, cancellationToken);
        End();
        var status = current.Status;
        return status.Phase == "Failed" ? Fail($"failed to recycle volume: {Why(status)}")
            : deleted.Succeeded || deleted.Error.Reason == StatusReasons.NotFound ? new RecycleOutcome(true, null)
            : Fail($"failed to delete recycler pod: {deleted.Error.Message}");
    }

    /// <summary>What is told of the pod is told of its volume, too.</summary>
    private async Task TellAsync(V1PersistentVolume volume, V1Pod pod, CancellationToken cancellationToken)
    {
        var told = await client.ListAsync<Corev1Event>(
            ResourceOf<Corev1Event>.Query(pod.Metadata.NamespaceProperty) with
            {
                FieldSelector = $"involvedObject.uid={pod.Metadata.Uid}",
            },
            cancellationToken);
        foreach (var item in told.Where(e => _told.Add(e.Metadata.Uid)))
        {
            events.Record(new EventNote(
                EventNote.Refer(volume), item.Type, "RecyclerPod", $"Recycler pod: {item.Message}"));
        }
    }

    /// <summary>
    /// Pods that still use the volume by the claim that has gone; those of a new claim of that name do not.
    /// </summary>
    private async Task<IReadOnlyList<string>> UsersAsync(
        V1ObjectReference claim, CancellationToken cancellationToken)
    {
        var pods = await client.ListAsync<V1Pod>(
            ResourceOf<V1Pod>.Query(claim.NamespaceProperty) with { Freshness = ReadFreshness.Linearizable },
            cancellationToken);
        var users = pods.Where(p => !IsOver(p) && PodClaims.Of(p).Any(c => c.Name == claim.Name))
            .Select(static p => p.Key().ToString()).ToList();
        if (users.Count == 0)
        {
            return users;
        }

        var namesake = await client.GetAsync<V1PersistentVolumeClaim>(
            new ObjectKey(claim.NamespaceProperty, claim.Name), ReadFreshness.Linearizable, cancellationToken);
        return namesake.Succeeded ? [] : users;
    }

    private static bool IsOver(V1Pod pod) => pod.Status?.Phase is "Succeeded" or "Failed"
        || (pod.Metadata.DeletionTimestamp is not null
            && pod.Status?.ContainerStatuses?.Any(static c => c.State is { Terminated: null, Waiting: null }) != true);

    private static string Why(V1PodStatus status) => string.IsNullOrEmpty(status.Message)
        ? "pod failed, pod.Status.Message unknown"
        : status.Message;

    private static RecycleOutcome Fail(string why) => new(false, $"Recycle failed: {why}");

    private void End()
    {
        _pod = null;
        _told.Clear();
    }
}
