namespace OrleansOrchestrator.Bench.Network;

/// <summary>Many measurements of one thing, in milliseconds.</summary>
public sealed record Spread(int Count, double Minimum, double Median, double P99)
{
    private const double Percentile99 = 0.99;

    public static Spread Of(IEnumerable<TimeSpan> measured)
    {
        var sorted = measured.Select(m => m.TotalMilliseconds).Order().ToArray();
        return new Spread(
            sorted.Length, sorted[0], sorted[sorted.Length / 2],
                sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * Percentile99))]);
    }
}

/// <summary>What Services and DNS cost on a node.</summary>
public sealed record NetworkFigures
{
    public required int Services { get; init; }

    /// <summary>From the first list of Services until the kernel has them all.</summary>
    public required TimeSpan FullProgramming { get; init; }

    /// <summary>CPU of that, of the agent and of the programs that it ran.</summary>
    public required TimeSpan FullCpu { get; init; }

    public required int FullBytes { get; init; }

    /// <summary>The same again over the table that is there, as after a restart of the agent.</summary>
    public required TimeSpan Renewal { get; init; }

    /// <summary>From an event of an EndpointSlice until nft has returned: an endpoint is replaced by another.</summary>
    public required Spread Replacement { get; init; }

    public required int ReplacementBytes { get; init; }

    /// <summary>The same when the number of endpoints changes.</summary>
    public required Spread CountChange { get; init; }

    public required int CountChangeBytes { get; init; }

    /// <summary>CPU of one change, of the agent and of nft.</summary>
    public required TimeSpan ChangeCpu { get; init; }

    /// <summary>What the start of nft costs alone: reading an empty file.</summary>
    public required Spread NftStart { get; init; }

    /// <summary>The check every ten seconds whether the rules are still there.</summary>
    public required Spread Check { get; init; }

    /// <summary>How long a connection takes to be made, by way.</summary>
    public required IReadOnlyDictionary<string, Spread> Connects { get; init; }

    public required DnsFigures Dns { get; init; }

    public string Load { get; init; } = "";
}

/// <summary>Questions to the cluster's DNS, generator and server on the same cores.</summary>
/// <param name="Rate">Answers per second with several askers.</param>
/// <param name="Busy">Latency with several askers.</param>
/// <param name="Alone">Latency with one asker.</param>
public sealed record DnsFigures(double Rate, Spread Busy, Spread Alone);
