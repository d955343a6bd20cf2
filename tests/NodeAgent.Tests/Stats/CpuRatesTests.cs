using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Stats;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Stats;

/// <summary>Usage of CPU from readings of CPU time, on a directory that looks like the kernel's.</summary>
public sealed class CpuRatesTests : IDisposable
{
    private const string Pod = "/orc/besteffort/pod1";
    private readonly string _mount = Directory.CreateTempSubdirectory("orc-rates-").FullName;
    private readonly Clock _clock = new();

    public void Dispose() => Directory.Delete(_mount, recursive: true);

    [Fact]
    public void Usage_is_the_time_between_two_readings()
    {
        var rates = Rates();
        Assert.Null(rates.Of(Pod, Spend(Pod, 1_000_000)));
        rates.Read();

        _clock.Seconds = 0.5;
        Assert.Null(rates.Of(Pod, 2_000_000_000));

        // Half a CPU for two seconds, seen before the second reading already.
        _clock.Seconds = 2;
        Assert.Equal(500_000_000UL, rates.Of(Pod, Spend(Pod, 2_000_000)));
        rates.Read();
        Assert.Equal(500_000_000UL, rates.Of(Pod, Spend(Pod, 2_000_000)));

        _clock.Seconds = 12;
        rates.Read();
        Assert.Equal(0UL, rates.Of(Pod, 2_000_000_000));
    }

    [Fact]
    public void Containers_are_read_and_what_is_gone_is_forgotten_even_if_it_comes_back_with_less()
    {
        var rates = Rates();
        var container = $"{Pod}/abc";
        Directory.CreateDirectory(_mount + container);
        Spend(container, 5_000_000);
        rates.Read();
        _clock.Seconds = 2;
        Assert.Equal(1_000_000_000UL, rates.Of(container, 7_000_000_000));
        Assert.Null(rates.Of(container, 1_000));

        Directory.Delete(_mount + container, recursive: true);
        rates.Read();
        _clock.Seconds = 4;
        Assert.Null(rates.Of(container, 9_000_000_000));
    }

    private CpuRates Rates()
    {
        Directory.CreateDirectory(_mount + Pod);
        var hierarchy = new CgroupVersion2(_mount);
        var options = new NodeAgentOptions { NodeName = "n", DataDirectory = _mount };
        return new CpuRates(
            hierarchy, new NodeAgent.Node.Cgroups(options, hierarchy, PinningParts.Cpus(options)), _clock);
    }

    private ulong Spend(string group, ulong microseconds)
    {
        File.WriteAllText($"{_mount}{group}/cpu.stat", $"usage_usec {microseconds}\n");
        return microseconds * 1000;
    }

    private sealed class Clock : TimeProvider
    {
        public double Seconds { get; set; }

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => (long)(Seconds * TimestampFrequency);
    }
}
