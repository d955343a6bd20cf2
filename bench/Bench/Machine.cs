using System.Runtime.InteropServices;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Bench;

/// <summary>Where and of what a measurement was taken; figures without it say nothing.</summary>
public sealed record Machine
{
    public required string Processor { get; init; }

    public required int Cores { get; init; }

    public required long MemoryMegabytes { get; init; }

    public required string System { get; init; }

    public required string Runtime { get; init; }

    public required string Postgres { get; init; }

    public required string Commit { get; init; }

    public required string LoadBefore { get; init; }

    public required DateTimeOffset Time { get; init; }

    public static async Task<Machine> DescribeAsync(
        string repository, TimeProvider time, CancellationToken cancellationToken)
    {
        var (_, commit) = await Programs.RunAsync(
            "git", ["-C", repository, "describe", "--always", "--dirty", "--abbrev=12"], cancellationToken);
        var (_, postgres) = await Programs.RunAsync(Programs.Find("postgres")!, ["--version"], cancellationToken);
        var processor =
            File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal));
        return new Machine
        {
            Processor = processor?.Split(':')[1].Trim() ?? RuntimeInformation.OSArchitecture.ToString(),
            Cores = Environment.ProcessorCount,
            MemoryMegabytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1_000_000,
            System = RuntimeInformation.OSDescription,
            Runtime = RuntimeInformation.FrameworkDescription,
            Postgres = postgres,
            Commit = commit,
            LoadBefore = Load(),
            Time = time.GetUtcNow(),
        };
    }

    /// <summary>Load averages; above the number of cores, somebody else is computing here too.</summary>
    public static string Load() => string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(3));
}
