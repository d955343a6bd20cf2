using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// Waits, before a pod is bound, until others have done their part for objects of it: a binder of claims, a driver of
/// devices.
/// </summary>
internal sealed class BindingWait(IResourceClient client, ChangeSignals signals, TimeProvider time)
{
    /// <summary>How long that may take where nothing else is said.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Looks at each object whenever it, the pod, its node or a volume that was chosen has changed, and once more when
    /// the time is up; null when all are done, else why not.
    /// </summary>
    /// <param name="decision">For which pod, and where it goes.</param>
    /// <param name="resource">What the objects are.</param>
    /// <param name="objects">Which ones.</param>
    /// <param name="look">Whether one is done, or why it never will be.</param>
    /// <param name="patience">How long it may take, for all objects together.</param>
    /// <param name="tooLate">What to say when the time is up.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<string?> UntilAsync(
        SchedulingDecision decision,
        ResourceName resource,
        IReadOnlyList<ObjectKey> objects,
        Func<ObjectKey, CancellationToken, Task<(bool IsDone, string? Failure)>> look,
        TimeSpan patience,
        string tooLate,
        CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        (ResourceName Resource, ObjectKey Key)[] others =
        [
            (WellKnown.Pods, decision.Pod.Key),
            (WellKnown.Nodes, new ObjectKey("", decision.NodeName!)),
            .. decision.Volumes.Where(static v => v.Volume is not null)
                .Select(static v => (WellKnown.PersistentVolumes, new ObjectKey("", v.Volume!))),
        ];
        var late = Task.Delay(Periods.ForTimer(patience), time, ended.Token);
        try
        {
            foreach (var key in objects)
            {
                while (true)
                {
                    var changes = signals.Next(resource, key);
                    var otherChanges = others.Select(o => signals.Next(o.Resource, o.Key)).ToArray();
                    var (isDone, failure) = await IsThereAsync(decision, cancellationToken)
                        ? await look(key, cancellationToken)
                        : (false, $"pod \"{decision.Pod.Key}\" does not exist any more");
                    if (isDone)
                    {
                        break;
                    }

                    cancellationToken.ThrowIfCancellationRequested(); // which ends the delay, too
                    if (failure is not null || late.IsCompleted)
                    {
                        return failure ?? tooLate;
                    }

                    await Task.WhenAny([changes, late, .. otherChanges]);
                }
            }

            return null;
        }
        finally
        {
            await ended.CancelAsync();
            // So that nothing is kept for who waits no more; many wait for a node, and it changes soon by itself.
            var own = others.Where(static o => o.Resource != WellKnown.Nodes);
            foreach (var (kind, key) in own.Concat(objects.Select(o => (resource, o))))
            {
                signals.Tell(kind, key);
            }
        }
    }

    private async Task<bool> IsThereAsync(SchedulingDecision decision, CancellationToken cancellationToken)
    {
        var pod = await client.GetAsync(
            WellKnown.Pods, decision.Pod.Key, ReadFreshness.Cached, cancellationToken);
        return pod.Succeeded && pod.Value.Uid == decision.Pod.Uid;
    }
}
