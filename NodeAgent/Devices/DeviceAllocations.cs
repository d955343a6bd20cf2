using System.Text.Json;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Devices;

/// <summary>Devices of one resource that a container has.</summary>
/// <param name="Resource">Of what they are.</param>
/// <param name="Devices">Their identities.</param>
/// <param name="Response">What the plugin said of them: an encoded ContainerAllocateResponse.</param>
public sealed record AllocatedDevices(string Resource, IReadOnlyList<string> Devices, byte[] Response);

/// <summary>
/// Which container has which devices, in a file of the agent's: containers outlive it, and their devices must not be
/// given to others. What is given is on disk before it counts. Where the file cannot be read, that is told and nobody
/// has any, as upstream. Safe for any thread.
/// </summary>
public sealed partial class DeviceAllocations
{
    private readonly ILogger<DeviceAllocations> _logger;
    private readonly Lock _lock = new();
    private readonly Checkpoint<GivenDevices> _file;

    public DeviceAllocations(NodeAgentOptions options, ILogger<DeviceAllocations> logger)
    {
        _logger = logger;
        _file = new Checkpoint<GivenDevices>(
            options.DataDirectory, Form.Only, Read(options.DataDirectory) ?? new GivenDevices([], []));
    }

    private GivenDevices State => _file.State;

    /// <summary>Resources that plugins have had here.</summary>
    public IReadOnlyCollection<string> Resources
    {
        get
        {
            lock (_lock)
            {
                return [.. State.Resources];
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
            if (!State.Resources.Contains(resource))
            {
                _file.Take(State with { Resources = [.. State.Resources, resource] });
            }
        }
    }

    /// <summary>What a container has, of all resources.</summary>
    public IReadOnlyList<AllocatedDevices> Of(string uid, string container)
    {
        lock (_lock)
        {
            return State.Pods.GetValueOrDefault(uid)?.GetValueOrDefault(container) is { } found ? [.. found] : [];
        }
    }

    /// <summary>Uids of pods that have devices.</summary>
    public IReadOnlyList<string> Pods
    {
        get
        {
            lock (_lock)
            {
                return [.. State.Pods.Keys];
            }
        }
    }

    /// <summary>The devices of a resource that any container has.</summary>
    public IReadOnlySet<string> InUse(string resource)
    {
        lock (_lock)
        {
            return State.Pods.Values.SelectMany(static p => p.Values).SelectMany(static c => c)
                .Where(a => a.Resource == resource).SelectMany(static a => a.Devices)
                .ToHashSet(StringComparer.Ordinal);
        }
    }

    /// <summary>A container has got devices of a resource.</summary>
    public void Add(string uid, string container, AllocatedDevices devices)
    {
        lock (_lock)
        {
            var pod = new Dictionary<string, List<AllocatedDevices>>(State.Pods.GetValueOrDefault(uid) ?? []);
            pod[container] = [.. pod.GetValueOrDefault(container, []), devices];
            _file.Take(State with { Pods = new(State.Pods) { [uid] = pod } });
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
            LetGo([.. State.Pods.Keys.Where(uid => !isKnown(uid))]);
        }
    }

    private void LetGo(IReadOnlyList<string> uids)
    {
        var left = State.Pods.Where(p => !uids.Contains(p.Key)).ToDictionary();
        if (left.Count < State.Pods.Count)
        {
            _file.Free(State with { Pods = left });
            _file.Flush();
        }
    }

    private GivenDevices? Read(string directory)
    {
        try
        {
            return Checkpoint.Read(directory, Form.Only);
        }
        catch (InvalidDataException problem)
        {
            LogBegunAnew(problem.Message);
            return null;
        }
    }

    [LoggerMessage(1, LogLevel.Error,
        "Continue after failing to read checkpoint file. Device allocation info may NOT be up-to-date: {Problem}")]
    private partial void LogBegunAnew(string problem);

    private sealed record GivenDevices(
        HashSet<string> Resources, Dictionary<string, Dictionary<string, List<AllocatedDevices>>> Pods);

    private sealed class Form : ICheckpointForm<GivenDevices>
    {
        public static readonly Form Only = new();

        public string Name => "allocated_devices_state";

        public string Title => "the device manager checkpoint file";

        public byte[] Write(GivenDevices state) => JsonSerializer.SerializeToUtf8Bytes(state);

        public GivenDevices Read(byte[] content) =>
            JsonSerializer.Deserialize<GivenDevices>(content, Checkpoint.Strict) is { } read && IsWhole(read)
                ? read
                : throw new InvalidDataException("checkpoint is corrupted");

        private static bool IsWhole(GivenDevices read) =>
            read is { Resources: not null, Pods: not null }
            && !read.Resources.Contains(null!)
            && read.Pods.Values.All(static p => p?.Values.All(static c => c?.All(IsWhole) == true) == true);

        private static bool IsWhole(AllocatedDevices? read) =>
            read is { Resource: not null, Devices: not null, Response: not null } && !read.Devices.Contains(null!);
    }
}
