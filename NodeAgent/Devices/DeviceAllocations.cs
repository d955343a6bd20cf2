using System.Text.Json;
using OrleansOrchestrator.Machine;

namespace OrleansOrchestrator.NodeAgent.Devices;

/// <summary>Devices of one resource that a container has.</summary>
/// <param name="Resource">Of what they are.</param>
/// <param name="Devices">Their identities.</param>
/// <param name="Response">What the plugin said of them: an encoded ContainerAllocateResponse.</param>
public sealed record AllocatedDevices(string Resource, IReadOnlyList<string> Devices, byte[] Response);

/// <summary>
/// Which container has which devices, in a file of the agent's: containers outlive it, and their devices must not be
/// given to others. What is given is on disk before it counts. Safe for any thread.
/// </summary>
public sealed class DeviceAllocations
{
    private readonly string _path;
    private readonly Lock _lock = new();
    private Checkpoint _state;

    /// <exception cref="InvalidDataException">The file is not one of ours.</exception>
    public DeviceAllocations(NodeAgentOptions options)
    {
        _path = Path.Combine(options.DataDirectory, "allocated_devices_state");
        _state = Read(_path);
    }

    /// <summary>Resources that plugins have had here.</summary>
    public IReadOnlyCollection<string> Resources
    {
        get
        {
            lock (_lock)
            {
                return [.. _state.Resources];
            }
        }
    }

    /// <summary>
    /// A plugin has registered: after a restart the node says that it has none until the plugin is back.
    /// </summary>
    public void Remember(string resource)
    {
        lock (_lock)
        {
            if (!_state.Resources.Contains(resource))
            {
                Take(_state with { Resources = [.. _state.Resources, resource] });
            }
        }
    }

    /// <summary>What a container has, of all resources.</summary>
    public IReadOnlyList<AllocatedDevices> Of(string uid, string container)
    {
        lock (_lock)
        {
            return _state.Pods.GetValueOrDefault(uid)?.GetValueOrDefault(container) is { } found ? [.. found] : [];
        }
    }

    /// <summary>Uids of pods that have devices.</summary>
    public IReadOnlyList<string> Pods
    {
        get
        {
            lock (_lock)
            {
                return [.. _state.Pods.Keys];
            }
        }
    }

    /// <summary>The devices of a resource that any container has.</summary>
    public IReadOnlySet<string> InUse(string resource)
    {
        lock (_lock)
        {
            return _state.Pods.Values.SelectMany(static p => p.Values).SelectMany(static c => c)
                .Where(a => a.Resource == resource).SelectMany(static a => a.Devices)
                .ToHashSet(StringComparer.Ordinal);
        }
    }

    /// <summary>A container has got devices of a resource.</summary>
    public void Add(string uid, string container, AllocatedDevices devices)
    {
        lock (_lock)
        {
            var pod = new Dictionary<string, List<AllocatedDevices>>(_state.Pods.GetValueOrDefault(uid) ?? []);
            pod[container] = [.. pod.GetValueOrDefault(container, []), devices];
            Take(_state with { Pods = new(_state.Pods) { [uid] = pod } });
        }
    }

    /// <summary>A pod has ended: what it had is free.</summary>
    public void Remove(string uid)
    {
        lock (_lock)
        {
            LetGo([uid]);
        }
    }

    /// <summary>Forgets all pods but those that are known.</summary>
    public void Keep(Predicate<string> isKnown)
    {
        lock (_lock)
        {
            LetGo([.. _state.Pods.Keys.Where(uid => !isKnown(uid))]);
        }
    }

    /// <summary>What cannot be written is not given.</summary>
    private void Take(Checkpoint next)
    {
        Write(next);
        _state = next;
    }

    /// <summary>
    /// What is free is free, even if that cannot be written: the file says so with the next change, and a restarted
    /// agent sees that the pods have ended.
    /// </summary>
    private void LetGo(IReadOnlyList<string> uids)
    {
        var gone = uids.Where(_state.Pods.Remove).ToList();
        if (gone.Count > 0)
        {
            Write(_state);
        }
    }

    private void Write(Checkpoint state) =>
        OwnFiles.Replace(_path, JsonSerializer.SerializeToUtf8Bytes(state), isDurable: true);

    private static Checkpoint Read(string path)
    {
        if (!File.Exists(path))
        {
            return new Checkpoint([], []);
        }

        try
        {
            return JsonSerializer.Deserialize<Checkpoint>(File.ReadAllBytes(path))
                ?? throw new JsonException("it is empty");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException(
                $"{path} is damaged ({exception.Message}). Remove it when no container runs: " +
                "which has which device is in it.",
                exception);
        }
    }

    private sealed record Checkpoint(
        HashSet<string> Resources, Dictionary<string, Dictionary<string, List<AllocatedDevices>>> Pods);
}
