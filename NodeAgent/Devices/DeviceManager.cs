using Google.Protobuf;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Devices.V1Beta1;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Numa;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.NodeAgent.Devices;

/// <summary>
/// Gives devices of plugins to containers, as upstream's device manager does: all of a pod's when it is admitted, one
/// pod after the other. A container has the same ones until its pod ends, however often it starts, and whatever
/// happens to the agent; app containers get those of the init containers before them.
/// </summary>
public sealed class DeviceManager : IHintProvider, IDisposable
{
    private static readonly HashSet<string> None = [];

    private readonly DeviceInventory _inventory;
    private readonly DeviceAllocations _allocations;
    private readonly DevicePlugins _plugins;
    private readonly MachineTopology _machine;
    private readonly KubeletMeters _meters;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _turn = new(1, 1);

    public DeviceManager(
        DeviceInventory inventory, DeviceAllocations allocations, DevicePlugins plugins, MachineTopology machine,
        KubeletMeters meters, TimeProvider time)
    {
        (_inventory, _allocations, _plugins, _machine) = (inventory, allocations, plugins, machine);
        (_meters, _time) = (meters, time);
        foreach (var resource in allocations.Resources)
        {
            inventory.Expect(resource);
        }

        inventory.Changed += TellOfHealth;
    }

    /// <summary>Raised for each pod that has devices when devices began or ceased to work.</summary>
    public event Action<string>? HealthChanged;

    /// <summary>Whether the devices that a container has work, by resource.</summary>
    public IEnumerable<V1ResourceStatus> HealthOf(V1Pod pod, V1Container container) =>
        from given in _allocations.Of(pod.Metadata.Uid, container.Name)
        select new V1ResourceStatus
        {
            Name = given.Resource,
            Resources =
            [
                .. given.Devices.Select(d => new V1ResourceHealth
                {
                    ResourceID = d, Health = _inventory.HealthOf(given.Resource, d),
                }),
            ],
        };

    /// <summary>A plugin has, or had, this resource: who gets it is decided here.</summary>
    public bool Serves(string resource) =>
        _inventory.Healthy(resource) is not null || _allocations.InUse(resource).Count > 0;

    public bool Concerns(V1Pod pod) => All(pod).SelectMany(Wanted).Any();

    public TopologyHints HintsOf(V1Pod pod, V1Container container) => Hints(
        Wanted(container), (resource, _) => HasOf(pod, container, resource),
        resource => Reusable(pod, container, resource));

    /// <summary>
    /// A pod that was admitted only in part, as the agent ended meanwhile or could not write, gets the rest beside what
    /// it has.
    /// </summary>
    public TopologyHints HintsOf(V1Pod pod) => Hints(
        WantedOf(pod), (resource, count) => HasOf(pod, resource) is var all && all.Count >= count ? all : null,
        resource => HasOf(pod, resource));

    /// <summary>Gives a pod's containers what they want, from wherever; why that cannot be, or null.</summary>
    public async Task<string?> AllocateAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var container in All(pod))
            {
                await AllocateAsync(pod, container, nodes: null, cancellationToken);
            }

            return null;
        }
        catch (AllocationException problem)
        {
            return problem.Message;
        }
    }

    public async Task AllocateAsync(
        V1Pod pod, V1Container container, NumaSet? nodes, CancellationToken cancellationToken)
    {
        if (!Wanted(container).Any())
        {
            return;
        }

        await _turn.WaitAsync(cancellationToken);
        try
        {
            foreach (var (resource, count) in Wanted(container))
            {
                await AllocateAsync(pod, container, resource, count, nodes, cancellationToken);
            }
        }
        catch (DeviceException problem)
        {
            throw new AllocationException(problem.Message);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>
    /// Has plugins make a container's devices ready. Those of a plugin that came only after the pod was admitted are
    /// given now. A <see cref="DeviceException"/> says why that cannot be.
    /// </summary>
    public async Task PrepareAsync(V1Pod pod, V1Container container, CancellationToken cancellationToken)
    {
        foreach (var (resource, _) in Wanted(container).Where(static w => w.Count > 0))
        {
            if (!_allocations.Of(pod.Metadata.Uid, container.Name).Any(a => a.Resource == resource)
                && await AllocateAsync(pod, cancellationToken) is { } problem)
            {
                throw new DeviceException(problem);
            }

            var devices = _allocations.Of(pod.Metadata.Uid, container.Name).Where(a => a.Resource == resource)
                .SelectMany(static a => a.Devices);
            if (_plugins.Find(resource) is { } plugin)
            {
                await plugin.PrepareAsync(devices, cancellationToken);
            }
        }
    }

    /// <summary>Puts into a container's configuration what its devices need.</summary>
    public void Apply(V1Pod pod, V1Container container, ContainerConfig config)
    {
        foreach (var given in _allocations.Of(pod.Metadata.Uid, container.Name))
        {
            var response = ContainerAllocateResponse.Parser.ParseFrom(given.Response);
            foreach (var (name, value) in response.Envs.Where(e => config.Envs.All(c => c.Key != e.Key)))
            {
                config.Envs.Add(new KeyValue { Key = name, Value = value });
            }

            config.Mounts.AddRange(
                from mount in response.Mounts
                where config.Mounts.All(m => m.ContainerPath != mount.ContainerPath)
                select new Cri.V1.Mount
                {
                    ContainerPath = mount.ContainerPath, HostPath = mount.HostPath, Readonly = mount.ReadOnly,
                });
            config.Devices.AddRange(
                from device in response.Devices
                where config.Devices.All(d => d.ContainerPath != device.ContainerPath)
                select new Cri.V1.Device
                {
                    ContainerPath = device.ContainerPath, HostPath = device.HostPath, Permissions = device.Permissions,
                });
            config.CDIDevices.AddRange(response.CdiDevices.Select(static d => new Cri.V1.CDIDevice { Name = d.Name }));
            foreach (var (name, value) in response.Annotations)
            {
                config.Annotations.TryAdd(name, value);
            }
        }
    }

    /// <summary>A pod has ended.</summary>
    public void Release(string uid) => _allocations.Remove(uid);

    /// <summary>Forgets pods that went while the agent was away.</summary>
    public void Keep(Predicate<string> isKnown) => _allocations.Keep(isKnown);

    public void Dispose() => _turn.Dispose();

    private void TellOfHealth()
    {
        foreach (var uid in _allocations.Pods)
        {
            HealthChanged?.Invoke(uid);
        }
    }

    /// <summary>
    /// Nobody gets more of a device than is there: what is asked for and what is allowed is the same.
    /// </summary>
    private IEnumerable<(string Resource, int Count)> Wanted(V1Container container) =>
        from limit in container.Resources?.Limits ?? new Dictionary<string, ResourceQuantity>()
        where limit.Key.Contains('/', StringComparison.Ordinal) && Serves(limit.Key)
        orderby limit.Key
        select (limit.Key, (int)Math.Min(Quantity.Of(limit.Value).Value, int.MaxValue));

    private static IEnumerable<V1Container> All(V1Pod pod) => pod.Inits().Concat(pod.Spec.Containers);

    /// <summary>What all containers of a pod want together, of which init containers run one after the other.</summary>
    private IEnumerable<(string Resource, int Count)> WantedOf(V1Pod pod)
    {
        var (sidecars, most) = (new Dictionary<string, int>(), new Dictionary<string, int>());
        foreach (var container in All(pod))
        {
            foreach (var (resource, count) in Wanted(container))
            {
                var beside = sidecars.GetValueOrDefault(resource) + count;
                most[resource] = Math.Max(most.GetValueOrDefault(resource), beside);
                sidecars[resource] = pod.IsPlainInit(container) ? beside - count : beside;
            }
        }

        return most.Select(static m => (m.Key, m.Value));
    }

    private IReadOnlyList<string>? HasOf(V1Pod pod, V1Container container, string resource) =>
        _allocations.Of(pod.Metadata.Uid, container.Name).FirstOrDefault(a => a.Resource == resource)?.Devices;

    private List<string> HasOf(V1Pod pod, string resource) =>
        [.. All(pod).SelectMany(c => HasOf(pod, c, resource) ?? []).Distinct()];

    /// <summary>What init containers before it leave to a container.</summary>
    private IReadOnlyCollection<string> Reusable(V1Pod pod, V1Container container, string resource) =>
        All(pod).TakeWhile(c => c.Name != container.Name).Aggregate(
            (IReadOnlyCollection<string>)[], (free, before) => HasOf(pod, before, resource) is not { } devices ? free
                : pod.IsPlainInit(before) ? [.. free.Union(devices)]
                : [.. free.Except(devices)]);

    private TopologyHints Hints(
        IEnumerable<(string Resource, int Count)> wanted, Func<string, int, IReadOnlyList<string>?> has,
        Func<string, IReadOnlyCollection<string>> reusable)
    {
        var hints = new TopologyHints();
        foreach (var (resource, count) in wanted)
        {
            hints[resource] = DeviceHints.Of(new DeviceHintNeed
            {
                Nodes = _machine.Memory.Keys.Order().ToList(),
                All = _inventory.NodesOf(resource),
                Free = [.. (_inventory.Healthy(resource) ?? None).Except(_allocations.InUse(resource))],
                Has = has(resource, count),
                Reusable = reusable(resource),
                Count = count,
            });
        }

        return hints;
    }

    private async Task AllocateAsync(
        V1Pod pod, V1Container container, string resource, int count, NumaSet? nodes,
        CancellationToken cancellationToken)
    {
        var has = HasOf(pod, container, resource);
        if (count == 0 && has is null)
        {
            return;
        }

        var choice = DeviceChoice.Of(new DeviceNeed
        {
            Uid = pod.Metadata.Uid,
            Container = container.Name,
            Resource = resource,
            Count = count,
            Has = has,
            Reusable = Reusable(pod, container, resource),
            Healthy = _inventory.Healthy(resource),
            InUse = _allocations.InUse(resource),
            Nodes = nodes,
            NodesOf = _inventory.NodesOf(resource),
        });
        if (choice.Problem is { } problem)
        {
            throw new DeviceException(problem);
        }

        if (!choice.IsNothing)
        {
            await AllocateAsync(pod, container, resource, choice, cancellationToken);
        }
    }

    private async Task AllocateAsync(
        V1Pod pod, V1Container container, string resource, DeviceChoice choice, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        var plugin = _plugins.Find(resource) ?? throw new DeviceException($"unknown Device Plugin {resource}");
        var devices = choice.Completed(
            choice.Missing == 0 ? [] : await plugin.PreferAsync(choice, cancellationToken));
        var response = await plugin.AllocateAsync(devices, cancellationToken);
        _allocations.Add(
            pod.Metadata.Uid, container.Name, new AllocatedDevices(resource, devices, response.ToByteArray()));
        _meters.DeviceAllocations.Record(_time.GetElapsedTime(started), resource);
    }
}
