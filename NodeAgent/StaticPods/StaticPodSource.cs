using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.StaticPods;

/// <summary>
/// The static pods of the node by their full names: what the manifests ask for, what runs, and what stands for it in
/// the API. One full name is one pod at a time: where another manifest, or another content, takes a name over, the pod
/// before it ends first, and until then nothing is done about its mirror.
/// </summary>
public sealed class StaticPodSource(TimeProvider time)
{
    private readonly Dictionary<string, Slot> _slots = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, IReadOnlyCollection<StaticPod>?> _origins =
        new(StringComparer.Ordinal) { [ConfigAnnotations.FromFile] = null };

    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Action<PodChange, V1Pod>? _changed;

    /// <summary>
    /// What is to run and what no longer, one at a time; who comes late is first told what is known already.
    /// </summary>
    public event Action<PodChange, V1Pod>? Changed
    {
        add
        {
            lock (_lock)
            {
                foreach (var slot in _slots.Values.Where(static s => s.Running is not null && !s.IsEnding))
                {
                    value?.Invoke(PodChange.Set, slot.Running!.Pod);
                }

                _changed += value;
            }
        }

        remove
        {
            lock (_lock)
            {
                _changed -= value;
            }
        }
    }

    /// <summary>Raised with a running pod and its mirror as the API has it now; null when it has none.</summary>
    public event Action<V1Pod, V1Pod?>? Mirrored;

    /// <summary>Raised when the mirrors may not be what they should be.</summary>
    public event Action? MirrorsDue;

    /// <summary>Completes when the manifests have been read for the first time.</summary>
    public Task Synced => _synced.Task;

    /// <summary>Pods that are to have a mirror.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _slots.Values.Count(static s => s.Wanted is not null);
            }
        }
    }

    /// <summary>There is another origin of manifests: without its word not all pods are known.</summary>
    public void Expect(string origin)
    {
        lock (_lock)
        {
            _origins.TryAdd(origin, null);
        }
    }

    /// <summary>
    /// Takes over what all manifests of an origin ask for now, each full name once; of one that several origins have,
    /// the file's counts.
    /// </summary>
    public void Replace(IReadOnlyCollection<StaticPod> pods, string origin = ConfigAnnotations.FromFile)
    {
        lock (_lock)
        {
            _origins[origin] = pods;
            var wanted = _origins.Values.SelectMany(static o => o ?? []).DistinctBy(static p => p.Pod.FullName())
                .ToDictionary(static p => p.Pod.FullName(), StringComparer.Ordinal);
            foreach (var name in wanted.Keys.Union(_slots.Keys).ToList())
            {
                var slot = At(name);
                slot.Wanted = wanted.GetValueOrDefault(name);
                Advance(name, slot);
            }

            if (!_origins.ContainsValue(null))
            {
                _synced.TrySetResult();
            }
        }

        MirrorsDue?.Invoke();
    }

    /// <summary>Nothing of a pod is left on the node.</summary>
    public void Ended(string uid)
    {
        lock (_lock)
        {
            var (name, slot) = _slots.FirstOrDefault(s => s.Value.Running?.Pod.Metadata.Uid == uid);
            if (slot is null)
            {
                return;
            }

            (slot.Running, slot.IsEnding) = (null, false);
            Advance(name, slot);
        }

        MirrorsDue?.Invoke();
    }

    /// <summary>
    /// Takes note of a mirror pod, as a watch or an answer of the API brings it: a watch may come later and be older.
    /// </summary>
    public void ObserveMirror(PodChange change, V1Pod mirror)
    {
        lock (_lock)
        {
            var slot = At(mirror.FullName());
            var isNews = change == PodChange.Removed
                ? slot.Mirror?.Metadata.Uid == mirror.Metadata.Uid
                : slot.Mirror is not { } known || mirror.Revision() >= known.Revision();
            if (isNews)
            {
                slot.Mirror = change == PodChange.Removed ? null : mirror;
                Tell(slot);
            }

            DropIfEmpty(mirror.FullName(), slot);
        }

        MirrorsDue?.Invoke();
    }

    /// <summary>
    /// What has to be done for the mirrors to be what they should be. One without a pod goes only when all manifests
    /// are known: it may be that of one that has yet to be read.
    /// </summary>
    public IReadOnlyList<MirrorStep> MirrorSteps()
    {
        lock (_lock)
        {
            return
            [
                .. _slots.Values.Where(s => s.Running is not null || Synced.IsCompleted)
                    .Select(static s => s.Step()).OfType<MirrorStep>(),
            ];
        }
    }

    private Slot At(string name)
    {
        if (!_slots.TryGetValue(name, out var slot))
        {
            _slots[name] = slot = new Slot();
        }

        return slot;
    }

    private void Advance(string name, Slot slot)
    {
        switch (slot)
        {
            case { Running: null, Wanted: { } next }:
                Run(slot, next, time.GetUtcNow().UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
                break;
            case { Running: { } running, IsEnding: false }
                when slot.Wanted?.Pod.Metadata.Uid != running.Pod.Metadata.Uid:
                slot.IsEnding = true;
                _changed?.Invoke(PodChange.Removed, running.Pod);
                break;
            case { Running: { } running, IsEnding: false } when slot.Wanted!.Digest != running.Digest:
                Run(slot, slot.Wanted, running.Pod.Annotation(ConfigAnnotations.Seen)!);
                break;
        }

        DropIfEmpty(name, slot);
    }

    private void Run(Slot slot, StaticPod pod, string seen)
    {
        pod.Pod.Metadata.Annotations[ConfigAnnotations.Seen] = seen;
        slot.Running = pod;
        _changed?.Invoke(PodChange.Set, pod.Pod);
        Tell(slot);
    }

    private void Tell(Slot slot)
    {
        if (slot is { Running: { } running, IsEnding: false })
        {
            Mirrored?.Invoke(running.Pod, slot.HasOwnMirror ? slot.Mirror : null);
        }
    }

    private void DropIfEmpty(string name, Slot slot)
    {
        if (slot is { Wanted: null, Running: null, Mirror: null })
        {
            _slots.Remove(name);
        }
    }
}
