using OrleansOrchestrator.Formats;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>Repeated events become counts, similar ones one, and who floods is cut short, as client-go does.</summary>
public sealed class EventCorrelatorTests
{
    private static readonly EventFacts Facts = new("kubelet", "Pod/default/web/u1", "", "Warning", "Unhealthy", "no 0");

    private readonly ManualTime _time = new();
    private readonly EventCorrelator _correlator;

    public EventCorrelatorTests() => _correlator = new EventCorrelator(_time);

    [Fact]
    public void Equal_events_are_one_that_happened_first_when_the_first_did()
    {
        var first = _time.GetUtcNow();
        var record = Happens(Facts)!;
        _time.Advance(TimeSpan.FromMinutes(3));

        Assert.Same(record, Happens(Facts));
        Assert.NotSame(record, Happens(Facts with { FieldPath = "spec.containers{a}" }));
        Assert.NotSame(record, Happens(Facts with { About = "Pod/default/web/u2" }));
        Assert.Equal((2, first, "no 0"), (record.Count, record.First, record.Message));
    }

    [Fact]
    public void Similar_events_are_combined_from_the_tenth_on()
    {
        var records = Enumerable.Range(0, 12).Select(i => Happens(Facts with { Message = $"no {i}" })!).ToList();

        Assert.Equal(10, records.Distinct().Count());
        Assert.Equal((3, "(combined from similar events): no 11"), (records[^1].Count, records[^1].Message));
        Assert.Equal((1, "no 8"), (records[8].Count, records[8].Message));
    }

    [Fact]
    public void Similar_events_are_their_own_again_after_ten_quiet_minutes()
    {
        foreach (var i in Enumerable.Range(0, 12))
        {
            Happens(Facts with { Message = $"no {i}" });
        }

        _time.Advance(TimeSpan.FromMinutes(10) + TimeSpan.FromSeconds(1));
        Assert.Equal("no 99", Happens(Facts with { Message = "no 99" })?.Message);
    }

    [Fact]
    public void What_the_budget_leaves_out_is_counted_all_the_same()
    {
        var told = Enumerable.Range(0, 30).Count(_ => Happens(Facts) is not null);
        Assert.Equal(EventCorrelator.Burst, told);
        Assert.NotNull(Happens(Facts with { About = "Pod/default/other/u3" }));

        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(31, Happens(Facts)?.Count);
        Assert.Null(Happens(Facts));
    }

    private EventRecord? Happens(EventFacts facts) => _correlator.Correlate(facts, _time.GetUtcNow());
}
