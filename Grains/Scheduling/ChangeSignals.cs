using System.Collections.Concurrent;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// Tells who waits for an object that it has changed. Only what somebody waits for is kept; who waits looks again, so
/// one signal too many does no harm.
/// </summary>
internal sealed class ChangeSignals
{
    private readonly ConcurrentDictionary<(ResourceName Resource, ObjectKey Key), TaskCompletionSource> _awaited = new();

    /// <summary>Completes at the next change; to be taken before the object is read.</summary>
    public Task Next(ResourceName resource, ObjectKey key) => _awaited.GetOrAdd(
        (resource, key), static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>The object has changed, or nobody here waits for it any more.</summary>
    public void Tell(ResourceName resource, ObjectKey key)
    {
        if (_awaited.TryRemove((resource, key), out var waiting))
        {
            waiting.SetResult();
        }
    }

    /// <summary>Changes may have been missed.</summary>
    public void TellAll()
    {
        foreach (var (resource, key) in _awaited.Keys)
        {
            Tell(resource, key);
        }
    }
}
