using System.CommandLine;
using System.CommandLine.Parsing;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent;

/// <summary>The command line's part of <see cref="HousekeepingOptions"/>, by the kubelet's names.</summary>
internal static class HousekeepingArguments
{
    private const int Percent = 100;
    private static readonly HousekeepingOptions Defaults = new();

    private static readonly Option<IReadOnlyList<EvictionThreshold>> Hard = Thresholds(
        "--eviction-hard", "Evict pods at once below these, like memory.available<100Mi,nodefs.available<10%");

    private static readonly Option<IReadOnlyList<EvictionThreshold>> Soft = Thresholds(
        "--eviction-soft", "Evict pods below these after the soft grace period");

    private static readonly Option<TimeSpan> SoftGrace = Duration(
        "--eviction-soft-grace-period", "How long a soft threshold must be met", TimeSpan.FromMinutes(1));

    private static readonly Option<int> MaxPodGrace = Number(
        "--eviction-max-pod-grace-period", "Seconds that pods get to end for a soft threshold", 0);

    private static readonly Option<TimeSpan> Transition = Duration(
        "--eviction-pressure-transition-period", "How long a pressure condition stays after its cause",
            Defaults.PressureTransitionPeriod);

    private static readonly Option<int> ImageHigh = Number(
        "--image-gc-high-threshold", "Percent of disk in use from which unused images go",
            (int)(Defaults.ImageGcHighShare * Percent));

    private static readonly Option<int> ImageLow = Number(
        "--image-gc-low-threshold", "Percent of disk in use to which unused images go",
            (int)(Defaults.ImageGcLowShare * Percent));

    private static readonly Option<TimeSpan> ImageMinimumAge = Duration(
        "--minimum-image-ttl-duration", "Unused images younger than this stay", Defaults.ImageMinimumAge);

    private static readonly Option<TimeSpan> ImageMaximumAge = Duration(
        "--image-maximum-gc-age", "Images unused for so long go in any case; 0s keeps them", Defaults.ImageMaximumAge);

    private static readonly Option<TimeSpan> PullTimeout = Duration(
        "--image-pull-progress-timeout", "A pull that gets nothing for so long is given up",
            Defaults.ImagePullProgressTimeout);

    private static readonly Option<int> DeadContainers = Number(
        "--maximum-dead-containers-per-container", "Ended instances kept of each container",
            Defaults.DeadContainersPerContainer);

    private static readonly Option<string> LogSize = new("--container-log-max-size")
    {
        Description = "Size at which a container's log is rotated", DefaultValueFactory = _ => "10Mi",
    };

    private static readonly Option<int> LogFiles = Number(
        "--container-log-max-files", "Log files per container", Defaults.LogMaxFiles);

    static HousekeepingArguments() => LogSize.Validators.Add(result =>
    {
        if (ThresholdAmount.Parse(result.GetValueOrDefault<string>()) is not { Amount: not null })
        {
            result.AddError($"{result.Option.Name}: \"{result.GetValueOrDefault<string>()}\" is no size like 10Mi");
        }
    });

    public static IEnumerable<Option> All { get; } =
    [
        Hard, Soft, SoftGrace, MaxPodGrace, Transition, ImageHigh, ImageLow, ImageMinimumAge, ImageMaximumAge,
            PullTimeout,
        DeadContainers, LogSize, LogFiles,
    ];

    public static HousekeepingOptions Read(ParseResult result) => new()
    {
        EvictionThresholds =
        [
            .. result.GetValue(Hard) ?? EvictionThreshold.Defaults,
            .. (result.GetValue(Soft) ?? []).Select(t => t with { Grace = result.GetValue(SoftGrace) }),
        ],
        EvictionMaxPodGrace = TimeSpan.FromSeconds(result.GetValue(MaxPodGrace)),
        PressureTransitionPeriod = result.GetValue(Transition),
        ImageGcHighShare = result.GetValue(ImageHigh) / (double)Percent,
        ImageGcLowShare = result.GetValue(ImageLow) / (double)Percent,
        ImageMinimumAge = result.GetValue(ImageMinimumAge),
        ImageMaximumAge = result.GetValue(ImageMaximumAge),
        ImagePullProgressTimeout = result.GetValue(PullTimeout),
        DeadContainersPerContainer = result.GetValue(DeadContainers),
        LogMaxBytes = ThresholdAmount.Parse(result.GetRequiredValue(LogSize))?.Amount ?? Defaults.LogMaxBytes,
        LogMaxFiles = result.GetValue(LogFiles),
    };

    private static Option<int> Number(string name, string description, int value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };

    private static Option<TimeSpan> Duration(string name, string description, TimeSpan value) => new(name)
    {
        Description = $"{description} (default {GoDuration.Format(value)})",
        DefaultValueFactory = _ => value,
        CustomParser = result => Parse(result, Period(Text(result)), "duration like 5m0s") ?? value,
    };

    private static Option<IReadOnlyList<EvictionThreshold>> Thresholds(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            var parsed = EvictionThreshold.Parse(Text(result));
            if (parsed is null)
            {
                result.AddError($"{name}: \"{Text(result)}\" is no list of thresholds like memory.available<100Mi,nodefs.available<10%");
            }

            return parsed;
        },
    };

    private static T? Parse<T>(ArgumentResult result, T? value, string what)
        where T : struct
    {
        if (value is null)
        {
            result.AddError($"\"{Text(result)}\" is no {what}");
        }

        return value;
    }

    /// <summary>A duration that is not below zero; null for what is none.</summary>
    private static TimeSpan? Period(string text) =>
        GoDuration.Read(text, out var period) is null && period >= TimeSpan.Zero ? period : null;

    private static string Text(ArgumentResult result) => string.Concat(result.Tokens.Select(t => t.Value));
}
