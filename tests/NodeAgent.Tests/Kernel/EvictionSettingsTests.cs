using CsCheck;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Kernel;

/// <summary>
/// What settings of eviction say, and why others are refused: the rows of upstream's TestParseThresholdConfig.
/// </summary>
public sealed class EvictionSettingsTests
{
    private const string Hard = "hard";
    private const string Soft = "soft";

    [Theory]
    [InlineData("memory.available<150Mi", "", "", "", "MemoryAvailable 157286400 0 0s")]
    [InlineData("memory.available<10%", "", "", "", "MemoryAvailable  0.1 0s")]
    [InlineData("memory.available<0%,nodefs.available<100%", "", "", "", "")]
    [InlineData("", "nodefs.available<1", "nodefs.available=1m30s", "", "NodeFsAvailable 1 0 90s")]
    [InlineData("", "memory.available<1", "memory.available=0,pid.available=5s", "", "MemoryAvailable 1 0 0s")]
    [InlineData("containerfs.available<5%,containerfs.inodesFree<5%", "", "", "", "")]
    [InlineData("", "containerfs.available<5%", "containerfs.available=1s", "", "")]
    [InlineData("nodefs.inodesFree<1.5", "", "", "", "NodeFsInodesFree 2 0 0s")]
    [InlineData("pid.available<1", "pid.available<2", "pid.available=1s", "pid.available=3",
        "PidAvailable 1 0 0s +3;PidAvailable 2 0 1s +3")]
    [InlineData("imagefs.available<1", "", "", "imagefs.available=10%", "ImageFsAvailable 1 0 0s +0.1")]
    [InlineData("imagefs.inodesFree<1", "", "", "imagefs.inodesFree=0", "ImageFsInodesFree 1 0 0s")]
    public void What_they_say_together(string hard, string soft, string graces, string reclaims, string expected) =>
        Assert.Equal(
            expected,
            string.Join(';', Settings(hard, soft, graces, reclaims).Thresholds().Select(static t =>
                FormattableString.Invariant($"{t.Signal} {t.Value.Amount} {t.Value.Share} {t.Grace.TotalSeconds}s")
                + (t.MinReclaim == new ThresholdAmount(0, 0) ? ""
                    : FormattableString.Invariant($" +{t.MinReclaim.Amount}{(t.MinReclaim.Amount is null ? t.MinReclaim.Share : null)}")))));

    [Theory]
    [InlineData(Hard, "mem.available<150Mi", "unsupported eviction signal mem.available")]
    [InlineData(Hard, "memory.available<0", "eviction threshold memory.available must be positive: 0")]
    [InlineData(Hard, "memory.available<-150Mi", "eviction threshold memory.available must be positive: -150Mi")]
    [InlineData(Hard, "memory.available<-15%",
        "eviction percentage threshold memory.available must be >= 0%: -15%")]
    [InlineData(Hard, "memory.available<101%",
        "eviction percentage threshold memory.available must be <= 100%: 101%")]
    [InlineData(Hard, "memory.available<NaN%", "strconv.ParseFloat: parsing \"NaN\": invalid syntax")]
    [InlineData(Hard, "memory.available< 5%", "strconv.ParseFloat: parsing \" 5\": invalid syntax")]
    [InlineData(Hard, "memory.available<x",
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    [InlineData(Hard, "containerfs.available<0", "eviction threshold containerfs.available must be positive: 0")]
    [InlineData(Soft, "memory.available<1",
        "grace period must be specified for the soft eviction threshold memory.available")]
    [InlineData(Soft, "containerfs.available<5%",
        "grace period must be specified for the soft eviction threshold containerfs.available")]
    [InlineData("grace", "mem.available=1s", "unsupported eviction signal mem.available")]
    [InlineData("grace", "memory.available=1x", "time: unknown unit \"x\" in duration \"1x\"")]
    [InlineData("grace", "memory.available=-1m",
        "invalid eviction grace period specified: -1m, must be a positive value")]
    [InlineData("reclaim", "mem.available=1", "unsupported eviction signal mem.available")]
    [InlineData("reclaim", "memory.available=-1", "negative eviction minimum reclaim specified for memory.available")]
    [InlineData("reclaim", "memory.available=0%",
        "eviction percentage minimum reclaim memory.available must be positive: 0%")]
    public void What_cannot_be_is_refused_in_upstreams_words(string which, string text, string expected)
    {
        var settings = Settings(
            which == Hard ? text : "", which == Soft ? text : "", which == "grace" ? text : "",
            which == "reclaim" ? text : "");

        Assert.Equal(expected, Assert.Throws<InvalidDataException>(settings.Thresholds).Message);
    }

    [Fact]
    public void A_soft_threshold_keeps_nothing_however_short_its_grace()
    {
        var settings = Settings("memory.available<1", "memory.available<2", "memory.available=0s", "");

        var kept = EvictionThreshold.KeptFree(settings.HardThresholds(), EvictionSignal.MemoryAvailable, 10);

        Assert.Equal(1, kept);
    }

    [Fact]
    public void Any_text_is_an_amount_or_refused() =>
        Gen.String[Gen.Char["0123456789MiGeE-+.% "], 0, 12].Check(static text =>
        {
            var settings = new EvictionSettings
            {
                Hard = new Dictionary<string, string> { ["memory.available"] = text },
            };
            try
            {
                Assert.All(settings.Thresholds(), static t => Assert.True(t.Value.Of(1 << 20) >= 0));
            }
            catch (InvalidDataException problem)
            {
                Assert.NotEmpty(problem.Message);
            }
        });

    [Fact]
    public void Every_signal_has_a_name() => Assert.All(
        Enum.GetValues<EvictionSignal>(),
        static s => Assert.Equal(s, EvictionThreshold.SignalOf(EvictionThreshold.NameOf(s))));

    private static EvictionSettings Settings(string hard, string soft, string graces, string reclaims) => new()
    {
        Hard = Pairs(hard, '<'), Soft = Pairs(soft, '<'), SoftGracePeriods = Pairs(graces, '='),
        MinimumReclaims = Pairs(reclaims, '='),
    };

    private static Dictionary<string, string> Pairs(string text, char separator) =>
        text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split(separator))
            .ToDictionary(static p => p[0], static p => p[1]);
}
