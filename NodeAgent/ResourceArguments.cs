using System.CommandLine;
using System.CommandLine.Parsing;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.NodeAgent;

/// <summary>The command line's part of <see cref="ResourceOptions"/>, by the kubelet's names.</summary>
public static class ResourceArguments
{
    private static readonly ResourceOptions Defaults = new();

    private static readonly Option<string> CpuPolicy = Text(
        "--cpu-manager-policy",
        $"'{ResourceOptions.StaticCpus}': containers of guaranteed pods that request whole CPUs have them alone",
        Defaults.CpuPolicy);

    private static readonly Option<IReadOnlyDictionary<string, string>> CpuOptions = PairOption.Of(
        "--cpu-manager-policy-options", "Options of that policy, like full-pcpus-only=true");

    private static readonly Option<TimeSpan> CpuPeriod = new("--cpu-manager-reconcile-period")
    {
        Description = "How often it is seen to that containers run on their CPUs (default 10s)",
        DefaultValueFactory = static _ => Defaults.CpuReconcilePeriod,
        CustomParser = static result => Period(result),
    };

    private static readonly Option<string> ReservedCpus = Text(
        "--reserved-cpus", "CPUs kept from pods, like 0-1, instead of --system-reserved-millicpu", "");

    private static readonly Option<string> MemoryPolicy = Text(
        "--memory-manager-policy",
        $"'{ResourceOptions.StaticMemory}': memory of guaranteed pods is of the fewest NUMA nodes that have it",
        Defaults.MemoryPolicy);

    private static readonly Option<string> ReservedMemory = Text(
        "--reserved-memory",
        "Memory of NUMA nodes kept from pods, like 0:memory=1Gi;1:memory=1Gi", "");

    private static readonly Option<long> PodPidsLimit = new("--pod-max-pids")
    {
        Description = "Processes and threads that a pod may have (default -1: as many as there can be)",
        DefaultValueFactory = static _ => Defaults.PodPidsLimit,
    };

    private static readonly Option<string> TopologyPolicy = Text(
        "--topology-manager-policy",
        "'best-effort', 'restricted' or 'single-numa-node': what a pod gets is of the NUMA nodes best for all of it",
        Defaults.TopologyPolicy);

    private static readonly Option<string> TopologyScope = Text(
        "--topology-manager-scope", $"'{ResourceOptions.PodScope}': that is so for all of its containers together",
        Defaults.TopologyScope);

    private static readonly Option<IReadOnlyDictionary<string, string>> TopologyOptions = PairOption.Of(
        "--topology-manager-policy-options", "Options of that policy, like prefer-closest-numa-nodes=true");

    /// <summary>Those there are.</summary>
    public static IEnumerable<Option> All { get; } =
    [
        CpuPolicy, CpuOptions, CpuPeriod, ReservedCpus, MemoryPolicy, ReservedMemory, PodPidsLimit, TopologyPolicy,
        TopologyScope, TopologyOptions,
    ];

    /// <summary>What a command line says of them, or their defaults.</summary>
    public static ResourceOptions Read(ParseResult result) => new()
    {
        CpuPolicy = result.GetRequiredValue(CpuPolicy),
        CpuPolicyOptions = result.GetValue(CpuOptions) ?? Defaults.CpuPolicyOptions,
        CpuReconcilePeriod = result.GetValue(CpuPeriod),
        ReservedCpus = result.GetRequiredValue(ReservedCpus),
        MemoryPolicy = result.GetRequiredValue(MemoryPolicy),
        ReservedMemory = result.GetRequiredValue(ReservedMemory),
        PodPidsLimit = result.GetValue(PodPidsLimit),
        TopologyPolicy = result.GetRequiredValue(TopologyPolicy),
        TopologyScope = result.GetRequiredValue(TopologyScope),
        TopologyPolicyOptions = result.GetValue(TopologyOptions) ?? Defaults.TopologyPolicyOptions,
    };

    private static Option<string> Text(string name, string description, string value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };

    private static TimeSpan Period(ArgumentResult result)
    {
        if (GoDuration.Read(Text(result), out var period) is null && period > TimeSpan.Zero)
        {
            return period;
        }

        result.AddError($"\"{Text(result)}\" is no duration like 10s");
        return Defaults.CpuReconcilePeriod;
    }

    private static string Text(ArgumentResult result) => string.Concat(result.Tokens.Select(static t => t.Value));
}
