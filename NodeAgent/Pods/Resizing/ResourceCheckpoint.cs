using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Kernel;
using AmountsByPod = System.Collections.Immutable.ImmutableDictionary<
    string, OrleansOrchestrator.NodeAgent.Pods.Resizing.PodAmounts>;

namespace OrleansOrchestrator.NodeAgent.Pods.Resizing;

/// <summary>
/// Amounts by pod in a file that only the agent's user can read. What a pod has been given cannot be told from its
/// object, which says what it is to have: without this a restart of the agent would take the one for the other. What
/// is given is on disk before it counts; that a pod is gone is written with the next change, as upstream.
/// </summary>
public sealed class ResourceCheckpoint
{
    private const string PodKey = "pod";
    private const string ContainersKey = "containers";

    private readonly Lock _lock = new();
    private readonly Checkpoint<AmountsByPod> _file;

    /// <exception cref="InvalidDataException">The file is not one of ours.</exception>
    public ResourceCheckpoint(string directory, string name) =>
        _file = Checkpoint.Open(directory, new Form(name), AmountsByPod.Empty);

    public PodAmounts? Get(string uid)
    {
        lock (_lock)
        {
            return _file.State.GetValueOrDefault(uid);
        }
    }

    public void Set(string uid, PodAmounts amounts) => Change(uid, _ => amounts);

    public void SetPod(string uid, V1ResourceRequirements? amounts) =>
        Change(uid, before => before with { Pod = amounts });

    public void SetContainer(string uid, string container, V1ResourceRequirements amounts) =>
        Change(uid, before => before with
    {
        Containers = new Dictionary<string, V1ResourceRequirements>(before.Containers) { [container] = amounts },
    });

    public void Remove(string uid)
    {
        lock (_lock)
        {
            _file.Free(_file.State.Remove(uid));
        }
    }

    /// <summary>Forgets all pods but these.</summary>
    public void Keep(IReadOnlySet<string> uids)
    {
        lock (_lock)
        {
            _file.Free(_file.State.RemoveRange(_file.State.Keys.Where(uid => !uids.Contains(uid))));
        }
    }

    /// <summary>Most pods ask for the same all their life, and many for nothing: only news is written.</summary>
    private void Change(string uid, Func<PodAmounts, PodAmounts> change)
    {
        lock (_lock)
        {
            var before = _file.State.GetValueOrDefault(uid, PodAmounts.None);
            var after = change(before);
            if (!after.SameAs(before))
            {
                _file.Take(_file.State.SetItem(uid, after));
            }
        }
    }

    private sealed class Form(string name) : ICheckpointForm<AmountsByPod>
    {
        public string Name => name;

        public string Title => "pod resource information checkpoint file";

        public byte[] Write(AmountsByPod state)
        {
            var all = new JsonObject();
            foreach (var (uid, amounts) in state)
            {
                all[uid] = new JsonObject
                {
                    [PodKey] = amounts.Pod is null ? null : Json(amounts.Pod),
                    [ContainersKey] = new JsonObject(
                        amounts.Containers.Select(static c => KeyValuePair.Create(c.Key, Json(c.Value)))),
                };
            }

            return Encoding.UTF8.GetBytes(all.ToJsonString());
        }

        public AmountsByPod Read(byte[] content) =>
            Checkpoint.Required(JsonNode.Parse(content)).AsObject().ToImmutableDictionary(
                static p => p.Key,
                static p => new PodAmounts
                {
                    Pod = p.Value?[PodKey] is { } own ? Parse(own) : null,
                    Containers = Checkpoint.Required(p.Value?[ContainersKey]).AsObject()
                        .ToDictionary(static c => c.Key, static c => Parse(c.Value)),
                });

        private static JsonNode? Json(V1ResourceRequirements amounts) =>
            JsonNode.Parse(KubernetesJson.Serialize(amounts));

        private static V1ResourceRequirements Parse(JsonNode? json)
        {
            var told = Checkpoint.Required(json);
            return new[] { told["requests"], told["limits"] }.Any(
                static amounts => amounts?.AsObject().Any(static a => a.Value is null) == true)
                ? throw new InvalidDataException("checkpoint is corrupted")
                : KubernetesJson.Deserialize<V1ResourceRequirements>(told.ToJsonString());
        }
    }
}
