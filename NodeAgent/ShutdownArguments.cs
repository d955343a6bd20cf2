using System.CommandLine;
using System.CommandLine.Parsing;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Shutdown;

namespace OrleansOrchestrator.NodeAgent;

/// <summary>The command line's part of <see cref="ShutdownOptions"/>, by the names of the kubelet's settings.</summary>
internal static class ShutdownArguments
{
    private static readonly Option<TimeSpan> Grace = Duration(
        "--shutdown-grace-period", "How long the machine waits for pods to end when it goes down; 0s does not wait");

    private static readonly Option<TimeSpan> Critical = Duration(
        "--shutdown-grace-period-critical-pods",
        "The part of it that critical pods have for themselves, after all others");

    private static readonly Option<IReadOnlyList<ShutdownPeriod>> ByPriority = new(
        "--shutdown-grace-period-by-pod-priority")
    {
        Description = "Instead of both, how long pods of each range of priorities have, like 0=30s,100000=10s",
        CustomParser = static result => ShutdownPeriod.Parse(Text(result))
            ?? Refuse<IReadOnlyList<ShutdownPeriod>>(result, "list of periods like 0=30s,100000=10s", []),
    };

    public static IEnumerable<Option> All { get; } = [Grace, Critical, ByPriority];

    public static ShutdownOptions Read(ParseResult result) => new()
    {
        GracePeriod = result.GetValue(Grace),
        GracePeriodCriticalPods = result.GetValue(Critical),
        GracePeriodByPodPriority = result.GetValue(ByPriority) ?? [],
    };

    private static Option<TimeSpan> Duration(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = static result => GoDuration.Read(Text(result), out var period) is null
            ? period : Refuse(result, "duration like 30s", TimeSpan.Zero),
    };

    private static T Refuse<T>(ArgumentResult result, string what, T instead)
    {
        result.AddError($"\"{Text(result)}\" is no {what}");
        return instead;
    }

    private static string Text(ArgumentResult result) => string.Concat(result.Tokens.Select(static t => t.Value));
}
