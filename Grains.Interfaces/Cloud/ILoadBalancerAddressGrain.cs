using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Interfaces.Cloud;

/// <summary>
/// Gives out the addresses of load balancers where no cloud does; there is one, with the key <see cref="Key"/>. A
/// Service, known by its uid, holds what it was given until it is released, or is no longer there.
/// </summary>
[Alias("orch.load-balancer-address-grain")]
public interface ILoadBalancerAddressGrain : IGrainWithStringKey
{
    /// <summary>The key of the one grain.</summary>
    const string Key = "default";

    /// <summary>What a Service holds; empty for nothing.</summary>
    [Alias("Find")]
    Task<IReadOnlyList<string>> FindAsync(string uid, CancellationToken cancellationToken);

    /// <summary>
    /// Gives a Service all that it asks for, or nothing more than it has; the same again when it asks again.
    /// </summary>
    [Alias("Hold")]
    Task<LoadBalancerAddressAnswer> HoldAsync(
        LoadBalancerAddressRequest request, CancellationToken cancellationToken);

    /// <summary>Takes back what a Service holds.</summary>
    [Alias("Release")]
    Task ReleaseAsync(string uid, CancellationToken cancellationToken);
}

/// <summary>What a Service needs.</summary>
[GenerateSerializer, Immutable, Alias("orch.load-balancer-address-request")]
public sealed record LoadBalancerAddressRequest
{
    [Id(0)]
    public required string Uid { get; init; }

    [Id(1)]
    public required ObjectKey Service { get; init; }

    /// <summary>Families of which it must have an address, each <c>IPv4</c> or <c>IPv6</c>.</summary>
    [Id(2)]
    public required IReadOnlyList<string> Families { get; init; }

    /// <summary>Families of which it takes an address if there is one.</summary>
    [Id(3)]
    public IReadOnlyList<string> OptionalFamilies { get; init; } = [];

    /// <summary>The one address that it wants; empty for any.</summary>
    [Id(4)]
    public string Wanted { get; init; } = "";

    /// <summary>The pool that it wants an address of; empty for any.</summary>
    [Id(5)]
    public string Pool { get; init; } = "";

    /// <summary>Addresses that it shows already, and keeps if nobody else holds them.</summary>
    [Id(6)]
    public IReadOnlyList<string> Shown { get; init; } = [];
}

/// <summary>What a Service holds, or why it cannot have what it asks for.</summary>
[GenerateSerializer, Immutable, Alias("orch.load-balancer-address-answer")]
public sealed record LoadBalancerAddressAnswer
{
    /// <summary>In the order of the families.</summary>
    [Id(0)]
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>Null on success.</summary>
    [Id(1)]
    public string? Refusal { get; init; }
}
