using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Interfaces.Core.Services;

/// <summary>
/// Gives out cluster addresses and node ports of Services; there is one, with the key <see cref="Key"/>. What live
/// Services hold is taken from the Services themselves; only reservations for writes that are still under way are state
/// of its own.
/// </summary>
[Alias("orch.service-address-grain")]
public interface IServiceAddressGrain : IGrainWithStringKey
{
    /// <summary>The key of the one grain.</summary>
    const string Key = "default";

    /// <summary>
    /// Reserves all that a Service asks for, or nothing. The reservation holds until it is released, or the write can
    /// no longer be under way; from then on the Service itself, if it was committed, holds its addresses.
    /// </summary>
    [Alias("Reserve")]
    Task<ServiceAddressAnswer> ReserveAsync(ServiceAddressRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Ends a reservation whose write was committed or surely refused; not for one whose outcome is unknown.
    /// </summary>
    [Alias("Release")]
    Task ReleaseAsync(string reservation, CancellationToken cancellationToken);
}

/// <summary>What one write of a Service needs.</summary>
[GenerateSerializer, Immutable, Alias("orch.service-address-request")]
public sealed record ServiceAddressRequest
{
    /// <summary>Unique for the attempt to write.</summary>
    [Id(0)]
    public required string Reservation { get; init; }

    /// <summary>The Service; its name is empty while it waits to be generated.</summary>
    [Id(1)]
    public required ObjectKey Service { get; init; }

    /// <summary>Of the primary range: null for none, empty for any, else the one that is wanted.</summary>
    [Id(2)]
    public string? ClusterIP { get; init; }

    /// <summary>Node ports in the order of their allocation; 0 is any.</summary>
    [Id(3)]
    public IReadOnlyList<int> NodePorts { get; init; } = [];

    /// <summary>Only asks whether it could be had: a dry run.</summary>
    [Id(4)]
    public bool Pretends { get; init; }

    /// <summary>The same as <see cref="ClusterIP"/> of the secondary range.</summary>
    [Id(5)]
    public string? SecondaryClusterIP { get; init; }
}

/// <summary>What was reserved, or why nothing was.</summary>
[GenerateSerializer, Immutable, Alias("orch.service-address-answer")]
public sealed record ServiceAddressAnswer
{
    /// <summary>Of the primary range; null when none was asked for.</summary>
    [Id(0)]
    public string? ClusterIP { get; init; }

    /// <summary>One for each that was asked for, in the same order.</summary>
    [Id(1)]
    public IReadOnlyList<int> NodePorts { get; init; } = [];

    /// <summary>Upstream's reason; null on success.</summary>
    [Id(2)]
    public string? Refusal { get; init; }

    /// <summary>Which node port was refused; -1 for a cluster address.</summary>
    [Id(3)]
    public int RefusedNodePort { get; init; } = -1;

    /// <summary>True when nothing is free, as opposed to the wanted one being taken.</summary>
    [Id(4)]
    public bool IsExhausted { get; init; }

    /// <summary>Of the secondary range; null when none was asked for.</summary>
    [Id(5)]
    public string? SecondaryClusterIP { get; init; }

    /// <summary>Of two cluster addresses, the secondary one was refused.</summary>
    [Id(6)]
    public bool IsSecondaryRefused { get; init; }
}
