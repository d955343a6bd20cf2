using System.CommandLine;
using System.CommandLine.Parsing;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.NodeAgent;

/// <summary>The command line's part of <see cref="HousekeepingOptions"/>, by the kubelet's names.</summary>
internal static class HousekeepingArguments
{
    private const int Percent = 100;
    private static readonly HousekeepingOptions Defaults = new();

    private static readonly Option<IReadOnlyDictionary<string, string>> Hard = PairOption.Of(
        "--eviction-hard", "Evict pods at once below these, like memory.available<100Mi,nodefs.available<10%", '<');

    private static readonly Option<IReadOnlyDictionary<string, string>> Soft = PairOption.Of(
        "--eviction-soft", "Evict pods below these after the soft grace period, like memory.available<300Mi", '<');

    private static readonly Option<IReadOnlyDictionary<string, string>> SoftGrace = PairOption.Of(
        "--eviction-soft-grace-period", "How long each of those must be met, like memory.available=1m30s");

    private static readonly Option<IReadOnlyDictionary<string, string>> MinimumReclaim = PairOption.Of(
        "--eviction-minimum-reclaim",
        "How much more is freed when there is less than a threshold, like nodefs.available=500Mi");

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
        if (SizeOf(result.GetValueOrDefault<string>()) is null)
        {
            result.AddError($"{result.Option.Name}: \"{result.GetValueOrDefault<string>()}\" is no size like 10Mi");
        }
    });

    public static IEnumerable<Option> All { get; } =
    [
        Hard, Soft, SoftGrace, MinimumReclaim, MaxPodGrace, Transition, ImageHigh, ImageLow, ImageMinimumAge,
        ImageMaximumAge, PullTimeout, DeadContainers, LogSize, LogFiles,
    ];

    public static HousekeepingOptions Read(ParseResult result) => new()
    {
        Eviction = new EvictionSettings
        {
            Hard = result.GetValue(Hard) ?? Defaults.Eviction.Hard,
            Soft = result.GetValue(Soft) ?? Defaults.Eviction.Soft,
            SoftGracePeriods = result.GetValue(SoftGrace) ?? Defaults.Eviction.SoftGracePeriods,
            MinimumReclaims = result.GetValue(MinimumReclaim) ?? Defaults.Eviction.MinimumReclaims,
        },
        EvictionMaxPodGrace = TimeSpan.FromSeconds(result.GetValue(MaxPodGrace)),
        PressureTransitionPeriod = result.GetValue(Transition),
        ImageGcHighShare = result.GetValue(ImageHigh) / (double)Percent,
        ImageGcLowShare = result.GetValue(ImageLow) / (double)Percent,
        ImageMinimumAge = result.GetValue(ImageMinimumAge),
        ImageMaximumAge = result.GetValue(ImageMaximumAge),
        ImagePullProgressTimeout = result.GetValue(PullTimeout),
        DeadContainersPerContainer = result.GetValue(DeadContainers),
        LogMaxBytes = SizeOf(result.GetRequiredValue(LogSize)) ?? Defaults.LogMaxBytes,
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

    private static T? Parse<T>(ArgumentResult result, T? value, string what)
        where T : struct
    {
        if (value is null)
        {
            result.AddError($"\"{Text(result)}\" is no {what}");
        }

        return value;
    }

    private static TimeSpan? Period(string text) => GoDuration.Read(text, out var period) is null ? period : null;

    /// <summary>Bytes, more than none; null for what is no size.</summary>
    private static long? SizeOf(string? text) =>
        Quantity.TryParse(text ?? "", out var size) && size.Value > 0 ? size.Value : null;

    private static string Text(ArgumentResult result) => string.Concat(result.Tokens.Select(t => t.Value));
}
