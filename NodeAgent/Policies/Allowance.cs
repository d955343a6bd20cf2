namespace OrleansOrchestrator.NodeAgent.Policies;

/// <summary>
/// One thing that a policy lets through: from or to whom, on what ports. A pod that is isolated has as many as its
/// policies give it, and whatever none of them lets through is dropped.
/// </summary>
/// <param name="Peers">Who is on the other side.</param>
/// <param name="Traffic">What it may send.</param>
public sealed record Allowance(PeerMatch Peers, TrafficMatch Traffic);

/// <summary>The other side of a connection.</summary>
public abstract record PeerMatch;

/// <summary>Whoever it is.</summary>
public sealed record Everybody : PeerMatch
{
    public static Everybody Instance { get; } = new();
}

/// <summary>Pods that selectors select.</summary>
/// <param name="Selectors">Tells how they are selected: the same for the same pods, whoever they are now.</param>
/// <param name="Addresses">Those that there are now.</param>
public sealed record SelectedPods(string Selectors, IReadOnlyList<string> Addresses) : PeerMatch;

/// <summary>Blocks of addresses, without what is taken out of them.</summary>
/// <param name="Ranges">In order, and apart from each other.</param>
public sealed record AddressBlocks(IReadOnlyList<Interval> Ranges) : PeerMatch;

/// <summary>What is sent.</summary>
public abstract record TrafficMatch;

/// <summary>Whatever it is.</summary>
public sealed record AllTraffic : TrafficMatch
{
    public static AllTraffic Instance { get; } = new();
}

/// <summary>A protocol, to some of its ports.</summary>
/// <param name="Protocol">As policies name it.</param>
/// <param name="Ranges">In order, and apart from each other; none for all ports.</param>
public sealed record PortsOf(string Protocol, IReadOnlyList<Interval> Ranges) : TrafficMatch;

/// <summary>The port that the receiving pod calls so.</summary>
public sealed record PortNamed(string Protocol, string Name) : TrafficMatch;
