using System.CommandLine;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>
/// How long pods of the real node have when the machine goes down: the node agent's options of those names.
/// </summary>
internal sealed class NodeShutdownOptions
{
    private readonly Option<string?> _all = CommonOptions.MaybeText(
        "--shutdown-grace-period",
        "How long the machine waits for pods to end when it goes down, such as 60s. Default: it does not wait.");

    private readonly Option<string?> _critical = CommonOptions.MaybeText(
        "--shutdown-grace-period-critical-pods",
        "The part of it that critical pods have for themselves, after all others. Default: none.");

    public Option[] All => [_all, _critical];

    /// <summary>The arguments of the node agent.</summary>
    public IReadOnlyList<string> Read(ParseResult parsed)
    {
        var (all, critical) = (PeriodOf(parsed, _all), PeriodOf(parsed, _critical));
        return critical > all
            ? throw new UserErrorException($"{_critical.Name} is more than {_all.Name}, of which it is a part.")
            : all == TimeSpan.Zero ? []
            : [$"{_all.Name}={GoDuration.Format(all)}", $"{_critical.Name}={GoDuration.Format(critical)}"];
    }

    private static TimeSpan PeriodOf(ParseResult parsed, Option<string?> option) =>
        parsed.GetValue(option) is not { } text ? TimeSpan.Zero
            : GoDuration.Read(text, out var period) is null && period >= TimeSpan.FromSeconds(1) ? period
            : throw new UserErrorException($"{option.Name} is no time of a second or more, such as 60s: '{text}'.");
}
