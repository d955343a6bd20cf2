using System.Globalization;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.NodeAgent.Kernel;

using Statements = IReadOnlyDictionary<string, string>;

/// <summary>
/// Upstream's settings of eviction, each by signal and as it was written: <c>memory.available</c>, <c>100Mi</c>. What
/// is below these amounts is scarce.
/// </summary>
public sealed record EvictionSettings
{
    private const float Hundred = 100;
    private const NumberStyles Number = NumberStyles.Float
        & ~(NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite);

    private static readonly Statements Nothing = new Dictionary<string, string>();

    /// <summary>
    /// Pods go at once. The kubelet's defaults, and one of ours for process ids: a node without any cannot even start
    /// what would help.
    /// </summary>
    public Statements Hard { get; init; } = new Dictionary<string, string>
    {
        ["memory.available"] = "100Mi",
        ["nodefs.available"] = "10%",
        ["nodefs.inodesFree"] = "5%",
        ["imagefs.available"] = "15%",
        ["imagefs.inodesFree"] = "5%",
        ["pid.available"] = "5%",
    };

    /// <summary>Pods go when it has been so for the grace period.</summary>
    public Statements Soft { get; init; } = Nothing;

    /// <summary>How long that is; each of <see cref="Soft"/> has one.</summary>
    public Statements SoftGracePeriods { get; init; } = Nothing;

    /// <summary>How much more must be free until it counts as resolved.</summary>
    public Statements MinimumReclaims { get; init; } = Nothing;

    /// <summary>
    /// What <see cref="Hard"/> says alone: a soft threshold keeps nothing from pods, however short its grace.
    /// </summary>
    /// <exception cref="InvalidDataException">They are none; the text is upstream's.</exception>
    public IReadOnlyList<EvictionThreshold> HardThresholds() => Read(Hard);

    /// <summary>What they say together, as upstream's <c>ParseThresholdConfig</c> reads them.</summary>
    /// <exception cref="InvalidDataException">They are none; the text is upstream's.</exception>
    public IReadOnlyList<EvictionThreshold> Thresholds()
    {
        var (hard, soft) = (HardThresholds(), Read(Soft));
        var graces = SoftGracePeriods.ToDictionary(static s => Signal(s.Key), static s => ReadGrace(s.Value));
        var reclaims = MinimumReclaims.ToDictionary(static s => Signal(s.Key), ReadReclaim);
        return
        [
            .. hard.Concat(soft.Select(t => t with { Grace = GraceOf(t.Signal) })).Where(static t => !FollowsAnother(t))
                .Select(t => reclaims.TryGetValue(t.Signal, out var least) ? t with { MinReclaim = least } : t),
        ];

        TimeSpan GraceOf(EvictionSignal signal) => graces.TryGetValue(signal, out var grace)
            ? grace
            : throw new InvalidDataException(
                $"grace period must be specified for the soft eviction threshold {EvictionThreshold.NameOf(signal)}");
    }

    /// <summary>An amount like <c>100Mi</c>, or a share like <c>10%</c>.</summary>
    /// <exception cref="InvalidDataException">It is none; the text is upstream's.</exception>
    private static ThresholdAmount ReadAmount(string text)
    {
        if (!text.EndsWith('%'))
        {
            return Quantity.TryParse(text, out var quantity, out var problem)
                ? new ThresholdAmount(quantity.Value, 0)
                : throw new InvalidDataException(problem);
        }

        var number = text.TrimEnd('%');
        return float.TryParse(number, Number, CultureInfo.InvariantCulture, out var percent)
            && !float.IsNaN(percent)
            ? new ThresholdAmount(null, percent / Hundred)
            : throw new InvalidDataException(
                $"strconv.ParseFloat: parsing {GoQuotes.Quote(number)}: invalid syntax");
    }

    private static List<EvictionThreshold> Read(Statements statements) =>
        [.. statements.Select(ReadThreshold).OfType<EvictionThreshold>()];

    /// <summary>Of containers' layers: what is said of the file system that they are on holds for them.</summary>
    private static bool FollowsAnother(EvictionThreshold threshold) =>
        threshold.Signal is EvictionSignal.ContainerFsAvailable or EvictionSignal.ContainerFsInodesFree;

    /// <summary>Null for one that says nothing: of all, or of nothing.</summary>
    private static EvictionThreshold? ReadThreshold(KeyValuePair<string, string> statement)
    {
        var (name, text) = statement;
        var signal = Signal(name);
        if (text is "0%" or "100%")
        {
            return null;
        }

        var value = ReadAmount(text);
        var problem = value.Amount is <= 0 ? $"eviction threshold {name} must be positive: {text}"
            : value.Share < 0 ? $"eviction percentage threshold {name} must be >= 0%: {text}"
            : value.Share > 1 ? $"eviction percentage threshold {name} must be <= 100%: {text}"
            : null;
        return problem is null
            ? new EvictionThreshold(signal, value)
            : throw new InvalidDataException(problem);
    }

    private static TimeSpan ReadGrace(string text) =>
        GoDuration.Read(text, out var grace) is { } problem ? throw new InvalidDataException(problem)
        : grace < TimeSpan.Zero
            ? throw new InvalidDataException(
                $"invalid eviction grace period specified: {text}, must be a positive value")
        : grace;

    private static ThresholdAmount ReadReclaim(KeyValuePair<string, string> statement)
    {
        var (name, text) = statement;
        var least = ReadAmount(text);
        return least is { Amount: null, Share: <= 0 }
            ? throw new InvalidDataException(
                $"eviction percentage minimum reclaim {name} must be positive: {text}")
            : least.Amount < 0
            ? throw new InvalidDataException($"negative eviction minimum reclaim specified for {name}")
            : least;
    }

    private static EvictionSignal Signal(string name) => EvictionThreshold.SignalOf(name)
        ?? throw new InvalidDataException($"unsupported eviction signal {name}");
}
