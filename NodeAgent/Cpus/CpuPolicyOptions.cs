using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.NodeAgent.Cpus;

/// <summary>
/// What of the static policy can be chosen, by upstream's names: those of its options that are stable, or beta and on
/// unless switched off. Those that its gates hide in 1.36 are refused with its words.
/// </summary>
public sealed record CpuPolicyOptions
{
    private const string WholeCores = "full-pcpus-only";
    private const string Distribute = "distribute-cpus-across-numa";
    private const string Strict = "strict-cpu-reservation";
    private const string Caches = "prefer-align-cpus-by-uncorecache";

    private static readonly string[] Hidden = ["align-by-socket", "distribute-cpus-across-cores"];

    /// <summary>A core is given to one container only.</summary>
    public bool WholeCoresOnly { get; init; }

    /// <summary>Where one node is not enough, CPUs come from several evenly.</summary>
    public bool DistributesAcrossNodes { get; init; }

    /// <summary>No pod at all runs on reserved CPUs.</summary>
    public bool KeepsReserved { get; init; }

    /// <summary>CPUs share a cache where that can be.</summary>
    public bool PrefersCaches { get; init; }

    /// <summary>Null when these are options; else why not.</summary>
    public static string? Read(IReadOnlyDictionary<string, string> texts, out CpuPolicyOptions options)
    {
        options = new CpuPolicyOptions();
        foreach (var (name, text) in texts.OrderBy(static t => t.Key, StringComparer.Ordinal))
        {
            if (Problem(name, text) is { } problem)
            {
                return problem;
            }

            var isOn = GoBooleans.Parse(text) == true;
            options = name switch
            {
                WholeCores => options with { WholeCoresOnly = isOn },
                Distribute => options with { DistributesAcrossNodes = isOn },
                Strict => options with { KeepsReserved = isOn },
                _ => options with { PrefersCaches = isOn },
            };
        }

        return options is { PrefersCaches: true, DistributesAcrossNodes: true }
            ? $"static policy options {Caches} and {Distribute} can not be used at the same time"
            : null;
    }

    private static string? Problem(string name, string text) =>
        Hidden.Contains(name)
            ? $"CPU Manager Policy Alpha-level Options not enabled, but option {GoQuotes.Quote(name)} provided"
        : name is not (WholeCores or Distribute or Strict or Caches)
            ? $"unknown CPU Manager Policy option: {GoQuotes.Quote(name)}"
        : GoBooleans.Parse(text) is null
            ? $"bad value for option {GoQuotes.Quote(name)}: strconv.ParseBool: parsing {GoQuotes.Quote(text)}: " +
                "invalid syntax"
        : null;
}
