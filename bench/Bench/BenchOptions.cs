namespace OrleansOrchestrator.Bench;

/// <summary>What is measured.</summary>
public sealed record BenchOptions
{
    public required string Repository { get; init; }

    /// <summary>The load generator, built.</summary>
    public string Referee { get; init; } = "";

    public int Pods { get; init; }

    public bool Full { get; init; }

    public bool ApiOnly { get; init; }

    /// <summary>The silo keeps nothing.</summary>
    public bool InMemory { get; init; }

    /// <summary>Only the rollouts on hollow nodes.</summary>
    public bool RolloutsOnly { get; init; }

    /// <summary>Of the workloads, those whose names contain this.</summary>
    public string Only { get; init; } = "";

    /// <summary>How often each of the workloads is measured on its cluster, one after the other.</summary>
    public int Rounds { get; init; } = 2;

    public string? Output { get; init; }

    public string OutputFile => Path.GetFullPath(Output ?? Path.Combine(Repository, "bench", "results", "latest.json"));

    /// <summary>More users: lines of a token file.</summary>
    public IReadOnlyList<string> Users { get; init; } = [];

    /// <summary>More arguments of the silo.</summary>
    public IReadOnlyList<string> SiloArguments { get; init; } = [];

    /// <summary>Another program than the published silo.</summary>
    public string? OtherSilo { get; init; }

    public string Silo =>
        OtherSilo ?? Path.Combine(Repository, "Silo", "bin", "Release", "publish", "OrleansOrchestrator.Silo");
}
