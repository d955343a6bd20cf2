using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Machine;

namespace OrleansOrchestrator.NodeAgent.Pods.Resizing;

/// <summary>
/// Amounts by pod in a file that only the agent's user can read. What a pod has been given cannot be told from its
/// object, which says what it is to have: without this a restart of the agent would take the one for the other. Every
/// change is on disk before it counts; a torn write leaves the old file.
/// </summary>
public sealed class ResourceCheckpoint
{
    private const string PodKey = "pod";
    private const string ContainersKey = "containers";

    private readonly string _path;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PodAmounts> _pods;
    private bool _isBehind;

    /// <exception cref="InvalidDataException">The file is not one of ours.</exception>
    public ResourceCheckpoint(string path)
    {
        _path = path;
        _pods = Read(path);
    }

    public PodAmounts? Get(string uid)
    {
        lock (_lock)
        {
            return _pods.GetValueOrDefault(uid);
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
            if (_pods.Remove(uid))
            {
                Write();
            }
        }
    }

    /// <summary>Forgets all pods but these.</summary>
    public void Keep(IReadOnlySet<string> uids)
    {
        lock (_lock)
        {
            var gone = _pods.Keys.Where(uid => !uids.Contains(uid)).ToList();
            gone.ForEach(uid => _pods.Remove(uid));
            if (gone.Count > 0)
            {
                Write();
            }
        }
    }

    /// <summary>Most pods ask for the same all their life, and many for nothing: only news is written.</summary>
    private void Change(string uid, Func<PodAmounts, PodAmounts> change)
    {
        lock (_lock)
        {
            var before = _pods.GetValueOrDefault(uid, PodAmounts.None);
            var after = change(before);
            if (_isBehind || !after.SameAs(before))
            {
                _pods[uid] = after;
                Write();
            }
        }
    }

    private void Write()
    {
        _isBehind = true; // until the file has it: the disk may be full
        OwnFiles.Replace(_path, Encoding.UTF8.GetBytes(ToJson().ToJsonString()), isDurable: true);
        _isBehind = false;
    }

    private JsonObject ToJson()
    {
        var all = new JsonObject();
        foreach (var (uid, amounts) in _pods)
        {
            var containers = new JsonObject();
            foreach (var (name, own) in amounts.Containers)
            {
                containers[name] = JsonNode.Parse(KubernetesJson.Serialize(own));
            }

            all[uid] = new JsonObject
            {
                [PodKey] = amounts.Pod is null ? null : JsonNode.Parse(KubernetesJson.Serialize(amounts.Pod)),
                [ContainersKey] = containers,
            };
        }

        return all;
    }

    private static Dictionary<string, PodAmounts> Read(string path)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        try
        {
            return JsonNode.Parse(File.ReadAllText(path))!.AsObject().ToDictionary(p => p.Key, p => new PodAmounts
            {
                Pod = p.Value![PodKey] is { } own ? Parse(own) : null,
                Containers = p.Value[ContainersKey]!.AsObject().ToDictionary(c => c.Key, c => Parse(c.Value!)),
            });
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or NullReferenceException)
        {
            throw new InvalidDataException(
                $"{path} is damaged ({exception.Message}). Remove it: pods then count with what their objects ask for.",
                exception);
        }
    }

    private static V1ResourceRequirements Parse(JsonNode json) =>
        KubernetesJson.Deserialize<V1ResourceRequirements>(json.ToJsonString());
}
