using k8s.Models;

namespace OrleansOrchestrator.Grains.DynamicResources.Allocation;

/// <summary>What is asked for at one place of a claim: a request, or one alternative of a request.</summary>
public sealed record DeviceRequest
{
    public const string All = "All";
    public const string ExactCount = "ExactCount";

    private static readonly Dictionary<string, ResourceQuantity> NoCapacity = [];

    /// <summary>Its own name.</summary>
    public required string Name { get; init; }

    /// <summary>The request that it is an alternative of; null when it is none.</summary>
    public string? Parent { get; init; }

    public required string ClassName { get; init; }

    public IList<V1DeviceSelector> Selectors { get; init; } = [];

    public IList<V1DeviceToleration> Tolerations { get; init; } = [];

    public required string Mode { get; init; }

    public long Count { get; init; }

    /// <summary>Devices may be in use already, and stay free for others.</summary>
    public bool IsAdmin { get; init; }

    /// <summary>How much it wants of a device's capacity at least.</summary>
    public IDictionary<string, ResourceQuantity> Capacity { get; init; } = NoCapacity;

    /// <summary>As results and configurations name it.</summary>
    public string FullName => Parent is null ? Name : $"{Parent}/{Name}";

    /// <summary>The alternatives, best first; a request without any is the only one.</summary>
    public static IReadOnlyList<DeviceRequest> Alternatives(V1DeviceRequest request) => request.Exactly is { } exact
        ?
        [
            new DeviceRequest
            {
                Name = request.Name,
                ClassName = exact.DeviceClassName ?? "",
                Selectors = exact.Selectors ?? [],
                Tolerations = exact.Tolerations ?? [],
                Mode = exact.AllocationMode ?? "",
                Count = exact.Count ?? 0,
                IsAdmin = exact.AdminAccess == true,
                Capacity = exact.Capacity?.Requests ?? NoCapacity,
            },
        ]
        :
        [
            .. (request.FirstAvailable ?? []).Select(a => new DeviceRequest
            {
                Name = a.Name,
                Parent = request.Name,
                ClassName = a.DeviceClassName ?? "",
                Selectors = a.Selectors ?? [],
                Tolerations = a.Tolerations ?? [],
                Mode = a.AllocationMode ?? "",
                Count = a.Count ?? 0,
                Capacity = a.Capacity?.Requests ?? NoCapacity,
            }),
        ];

    /// <summary>True when no taint keeps the device from being given to the request.</summary>
    public bool Tolerates(V1Device device) => (device.Taints ?? []).All(
        t => t.Effect is not ("NoSchedule" or "NoExecute") || Tolerations.Any(o => DeviceTaints.Tolerates(o, t)));
}
