using CsCheck;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Kernel;

public sealed class BackOffEntryTests
{
    private static readonly SteadyTime Start = new(TimeSpan.FromDays(1));

    [Fact]
    public void Delays_double_up_to_five_minutes()
    {
        BackOffEntry? entry = null;
        var now = Start;
        var delays = new List<double>();
        for (var i = 0; i < 8; i++)
        {
            entry = BackOffEntry.Next(entry, now, now);
            delays.Add(entry.Value.Delay.TotalSeconds);
            now += entry.Value.Delay;
        }

        Assert.Equal([10, 20, 40, 80, 160, 300, 300, 300], delays);
    }

    [Fact]
    public void Ten_good_minutes_are_a_new_beginning()
    {
        var entry = new BackOffEntry(TimeSpan.FromSeconds(160), Start);

        Assert.Null(BackOffEntry.WaitUntil(entry, Start + TimeSpan.FromMinutes(11), Start + TimeSpan.FromMinutes(11)));
        Assert.Equal(
            BackOffEntry.Initial,
            BackOffEntry.Next(entry, Start + TimeSpan.FromMinutes(11), Start + TimeSpan.FromMinutes(11)).Delay);
        Assert.Equal(300, BackOffEntry.Next(entry, Start + TimeSpan.FromMinutes(9), Start + TimeSpan.FromMinutes(9)).Delay.TotalSeconds);
    }

    [Fact]
    public void A_wait_always_ends_within_the_delay() =>
        (from delay in Gen.Int[1, 300]
         from updated in Gen.Int[0, 2000]
         from failed in Gen.Int[0, 2000]
         from now in Gen.Int[0, 4000]
         select (delay, updated, failed, now)).Check(x =>
        {
            var entry = new BackOffEntry(TimeSpan.FromSeconds(x.delay), Start + TimeSpan.FromSeconds(x.updated));
            var now = Start + TimeSpan.FromSeconds(x.now);
            if (BackOffEntry.WaitUntil(entry, Start + TimeSpan.FromSeconds(x.failed), now) is { } until)
            {
                Assert.True(until > now);
                Assert.Null(BackOffEntry.WaitUntil(entry, Start + TimeSpan.FromSeconds(x.failed), until));
            }
        });
}
