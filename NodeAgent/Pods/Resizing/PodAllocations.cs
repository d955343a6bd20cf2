using System.Collections.Concurrent;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Node;

namespace OrleansOrchestrator.NodeAgent.Pods.Resizing;

/// <summary>
/// What the node has given to its pods, as against what their objects ask for. A pod is admitted with what it asks
/// for; when it asks for something else later, it waits here until the node has it. Both what pods have been given and
/// what their groups were told outlive the agent. Callers see to it that admissions, retries and the forgetting of pods
/// come one by one.
/// </summary>
public sealed class PodAllocations(NodeAgentOptions options, NodeFacts facts, EventRecorder events, TimeProvider time)
{
    private const string AllocatedFile = "allocated_pods_state";
    private const string ActuatedFile = "actuated_pods_state";

    private readonly ResourceCheckpoint _allocated = new(options.DataDirectory, AllocatedFile);
    private readonly ConcurrentDictionary<string, ResizeConditions> _conditions = new();
    private readonly ConcurrentDictionary<string, byte> _pending = new();

    /// <summary>Raised when a pod has given something back, so that others may fit.</summary>
    public event Action? Freed;

    /// <summary>What the groups of containers and pods were last told.</summary>
    public ResourceCheckpoint Actuated { get; } = new(options.DataDirectory, ActuatedFile);

    /// <summary>Refuses files that do not say what pods have.</summary>
    /// <exception cref="InvalidDataException">They do not.</exception>
    public static void Require(NodeAgentOptions options)
    {
        _ = new ResourceCheckpoint(options.DataDirectory, AllocatedFile);
        _ = new ResourceCheckpoint(options.DataDirectory, ActuatedFile);
    }

    public bool AnyPending => !_pending.IsEmpty;

    /// <summary>
    /// What is said of a pod's resizes; of one that is forgotten, or was never observed, nothing is kept.
    /// </summary>
    public ResizeConditions Conditions(V1Pod pod) =>
        _conditions.GetValueOrDefault(pod.Metadata.Uid) ?? ResizeConditions.From(pod.Status);

    /// <summary>The pod with what it has been given instead of what it asks for.</summary>
    public V1Pod Apply(V1Pod pod) => _allocated.Get(pod.Metadata.Uid)?.ApplyTo(pod) ?? pod;

    /// <summary>Gives an admitted pod what it asks for.</summary>
    public void Allocate(V1Pod pod) => _allocated.Set(pod.Metadata.Uid, PodAmounts.Of(pod));

    /// <summary>Takes note of a new version of a pod; true when it asks for something else than it has.</summary>
    public bool Observe(V1Pod pod)
    {
        var conditions = _conditions.GetOrAdd(pod.Metadata.Uid, _ => ResizeConditions.From(pod.Status));
        if (!ReferenceEquals(Apply(pod), pod))
        {
            _pending[pod.Metadata.Uid] = 0;
            return true;
        }

        _pending.TryRemove(pod.Metadata.Uid, out _);
        conditions.ClearPending(); // it asks for nothing, or no more for what was not to be had
        return false;
    }

    /// <summary>Tries all resizes that wait, in upstream's order; the uids of pods of which there is news.</summary>
    public IReadOnlyList<string> Retry(IReadOnlyList<V1Pod> active)
    {
        var news = new List<string>();
        var waiting = active.Where(p => _pending.ContainsKey(p.Metadata.Uid)).Select(p => new ResizeRequest(
            p, Apply(p), Conditions(p).PendingSince));
        foreach (var request in waiting.Order(ResizeRequest.Order).ToList())
        {
            if (TryOne(request.Pod, active))
            {
                news.Add(request.Pod.Metadata.Uid);
            }
        }

        return news;
    }

    public void NoteFreed() => Freed?.Invoke();

    public void Forget(string uid)
    {
        _pending.TryRemove(uid, out _);
        _conditions.TryRemove(uid, out _);
        _allocated.Remove(uid);
        Actuated.Remove(uid);
    }

    /// <summary>Forgets pods that went while the agent was away.</summary>
    public void Keep(IReadOnlySet<string> uids)
    {
        _allocated.Keep(uids);
        Actuated.Keep(uids);
    }

    private bool TryOne(V1Pod pod, IReadOnlyList<V1Pod> active)
    {
        var (uid, generation, now) = (pod.Metadata.Uid, pod.Metadata.Generation, time.GetUtcNow());
        var conditions = Conditions(pod);
        var others = active.Where(p => p.Metadata.Uid != uid).Select(Apply).ToList();
        var problem = ResizeAdmission.CheckPinned(pod, Apply(pod), options.Resources)
            ?? ResizeAdmission.Check(pod, others, facts);
        if (problem is not { } refusal)
        {
            Allocate(pod);
            _pending.TryRemove(uid, out _);
            conditions.Start(generation, now);
            events.Pod(pod, EventRecorder.Normal, "ResizeStarted", ResizeMessages.Started(pod, generation));
            return true;
        }

        if (refusal.Reason == ResizeConditions.Infeasible)
        {
            _pending.TryRemove(uid, out _);
        }

        if (!conditions.SetPending(refusal.Reason, refusal.Message, generation, now))
        {
            return false;
        }

        events.Pod(
            pod, EventRecorder.Warning, "Resize" + refusal.Reason,
            ResizeMessages.Pending(pod, generation, refusal.Reason, refusal.Message));
        return true;
    }
}
