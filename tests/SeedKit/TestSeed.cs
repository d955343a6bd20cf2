using System.Globalization;
using Xunit;

namespace OrleansOrchestrator.SeedKit;

/// <summary>
/// Where every random test takes its randomness from. A run that decides about a change draws the same each time, so
/// that it says something about the change; a soak draws afresh, and more, to find what nobody thought of.
/// <c>ORC_SOAK=N</c> soaks with N times as many cases. <c>ORC_SEED=S</c> repeats the run that said S. A test writes
/// what repeats it to its output, which runners show when it fails.
/// </summary>
public static class TestSeed
{
    private const ulong Gate = 1;

    /// <summary>How many times as many cases as usual are asked for; 1 in a run that decides about a change.</summary>
    public static int Times { get; } = Math.Max(1, (int)(Number("ORC_SOAK") ?? 1));

    private static readonly ulong Root = Number("ORC_SEED")
        ?? (Number("ORC_SOAK") is null ? Gate : (ulong)Random.Shared.Next(2, int.MaxValue));

    /// <summary>The seed of the test that runs, for <see cref="Random"/>. Never negative.</summary>
    /// <exception cref="InvalidOperationException">No test runs: seeds belong to tests.</exception>
    public static int Current => (int)(Wide >> 33);

    /// <summary>All 64 bits of it.</summary>
    internal static ulong Wide
    {
        get
        {
            var context = TestContext.Current;
            var test = context.TestMethod ?? throw new InvalidOperationException("Ask for the seed within a test");
            var soak = Times > 1 ? $" ORC_SOAK={Times}" : "";
            context.TestOutputHelper?.WriteLine($"ORC_SEED={Root}{soak} repeats this");
            return Of(Root, $"{test.TestClass.TestClassName}.{test.MethodName}");
        }
    }

    /// <summary>The seed of the test of this name: FNV-1a, mixed, so that near names and roots end far apart.</summary>
    public static ulong Of(ulong root, string test) =>
        Mix(root + test.Aggregate(14695981039346656037UL, static (hash, letter) => (hash ^ letter) * 1099511628211UL));

    /// <summary>The output function of SplitMix64.</summary>
    internal static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15UL;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9UL;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EBUL;
        return value ^ (value >> 31);
    }

    private static ulong? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
            ? ulong.Parse(text, CultureInfo.InvariantCulture)
            : null;
}
