using k8s.Models;
using OrleansOrchestrator.Grains.DynamicResources.Allocation;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Tests.DynamicResources.Allocation;

/// <summary>Slices, classes and claims in a few words.</summary>
internal sealed class DeviceWorld
{
    public const string Driver = "gpu.example.com";

    private readonly Dictionary<string, V1DeviceClass> _classes = new(StringComparer.Ordinal);

    public DeviceWorld() => AddClass("gpu", $"device.driver == '{Driver}'");

    public SliceIndex Slices { get; } = new();

    public HashSet<string> Allocated { get; } = [];

    /// <summary>Whether a search takes too long; null for never.</summary>
    public Func<bool>? IsLate { get; set; }

    /// <summary>What others have of the capacity of shared devices.</summary>
    public Dictionary<string, IReadOnlyDictionary<string, Quantity>> Parts { get; } = [];

    public void AddClass(string name, string? expression) => _classes[name] = new V1DeviceClass
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1DeviceClassSpec { Selectors = expression is null ? null : [Selector(expression)] },
    };

    public V1DeviceClass Class(string name) => _classes[name];

    /// <summary>A slice that is its own pool unless told otherwise.</summary>
    public V1ResourceSlice AddSlice(string name, string? node, params V1Device[] devices) =>
        AddSlice(name, s => (s.NodeName, s.AllNodes, s.Devices) = (node, node is null ? true : null, [.. devices]));

    public V1ResourceSlice AddSlice(string name, Action<V1ResourceSliceSpec> change)
    {
        var slice = new V1ResourceSlice
        {
            Metadata = new V1ObjectMeta { Name = name },
            Spec = new V1ResourceSliceSpec
            {
                Driver = Driver,
                Pool = new V1ResourcePool { Name = name, Generation = 1, ResourceSliceCount = 1 },
                Devices = [],
            },
        };
        change(slice.Spec);
        Slices.Set(slice);
        return slice;
    }

    public static V1Device Device(string name, string? model = null, long? numa = null, string? taint = null)
    {
        var attributes = new Dictionary<string, V1DeviceAttribute>();
        if (model is not null)
        {
            attributes["model"] = new V1DeviceAttribute { StringValue = model };
        }

        if (numa is not null)
        {
            attributes["numa"] = new V1DeviceAttribute { IntValue = numa };
        }

        return new V1Device
        {
            Name = name,
            Attributes = attributes,
            Taints = taint is null ? null : [new V1DeviceTaint { Key = taint, Effect = "NoSchedule" }],
        };
    }

    /// <summary>A device with memory, which several may share.</summary>
    public static V1Device Shared(string name, string memory, V1CapacityRequestPolicy? policy = null) => new()
    {
        Name = name,
        AllowMultipleAllocations = true,
        Capacity = new Dictionary<string, V1DeviceCapacity>
        {
            ["memory"] = new() { Value = new ResourceQuantity(memory), RequestPolicy = policy },
        },
    };

    /// <summary>One device with so much memory, or a part of it.</summary>
    public static V1DeviceRequest Memory(string name, string? amount)
    {
        var request = Request(name);
        request.Exactly.Capacity = amount is null ? null : new V1CapacityRequirements
        {
            Requests = new Dictionary<string, ResourceQuantity> { ["memory"] = new ResourceQuantity(amount) },
        };
        return request;
    }

    public static V1DeviceSelector Selector(string expression) =>
        new() { Cel = new V1CELDeviceSelector { Expression = expression } };

    public static V1DeviceRequest Request(
        string name, long count = 1, string? expression = null, string ofClass = "gpu", bool all = false,
        string? tolerated = null, bool admin = false) => new()
        {
            Name = name,
            Exactly = new V1ExactDeviceRequest
            {
                DeviceClassName = ofClass,
                AllocationMode = all ? "All" : "ExactCount",
                Count = all ? null : count,
                Selectors = expression is null ? null : [Selector(expression)],
                AdminAccess = admin ? true : null,
                Tolerations = tolerated is null
                    ? null
                    : [new V1DeviceToleration { Key = tolerated, OperatorProperty = "Exists" }],
            },
        };

    public static V1DeviceSubRequest Alternative(string name, long count, string? expression = null) => new()
    {
        Name = name,
        DeviceClassName = "gpu",
        AllocationMode = "ExactCount",
        Count = count,
        Selectors = expression is null ? null : [Selector(expression)],
    };

    public static Resourcev1ResourceClaim Claim(string name, params V1DeviceRequest[] requests) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Uid = name },
        Spec = new V1ResourceClaimSpec { Devices = new V1DeviceClaim { Requests = [.. requests] } },
    };

    public AllocationOutcome Allocate(string node, params Resourcev1ResourceClaim[] claims) =>
        Allocate(
            new AllocationNode(node, s => s.NodeSelectorTerms[0].MatchExpressions[0].Values.Contains(node)), claims);

    public AllocationOutcome Allocate(AllocationNode node, params Resourcev1ResourceClaim[] claims) =>
        new DeviceAllocator(
            claims, Slices, _classes.GetValueOrDefault, d => Allocated.Contains(d.Device),
            d => Parts.GetValueOrDefault(d.Device), new SelectorCache())
        .Allocate(node, IsLate);

    /// <summary>What each claim got: <c>request=device</c>.</summary>
    public string Given(string node, params Resourcev1ResourceClaim[] claims)
    {
        var outcome = Allocate(node, claims);
        return outcome.Error ?? (outcome.Allocations is { } given
            ? string.Join(";", given.Select(a => string.Join(
                ",", a.Devices.Results.Select(r => $"{r.Request}={r.Device}"))))
            : outcome.WhyNot ?? "none");
    }
}
