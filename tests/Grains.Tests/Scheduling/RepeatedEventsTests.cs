using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

/// <summary>When the count of a repeated failure is written, as upstream's event broadcaster does it.</summary>
public sealed class RepeatedEventsTests
{
    private readonly ManualTime _time = new();
    private readonly RepeatedEvents _events;

    public RepeatedEventsTests() => _events = new RepeatedEvents(_time);

    [Fact]
    public void The_first_repetition_is_written_at_once_and_no_other()
    {
        Assert.Null(_events.Count(Note(), "first"));
        var second = _events.Count(Note(), "second")!;
        Assert.Equal(("first", 2, true), (second.Name, second.Count, second.IsFirst));
        var third = _events.Count(Note(), "third")!;
        Assert.Equal(("first", 3, false), (third.Name, third.Count, third.IsFirst));
    }

    [Fact]
    public void Another_version_of_a_pod_has_an_event_of_its_own()
    {
        Assert.Null(_events.Count(Note(), "first"));
        Assert.Null(_events.Count(Note(revision: 2), "second"));
        Assert.Equal("first", _events.Count(Note(), "third")!.Name);
    }

    /// <summary>How often it was met, and the count that is written when that ended; null for none.</summary>
    [Theory]
    [InlineData(1, null)]
    [InlineData(2, null)]
    [InlineData(3, 3)]
    [InlineData(9, 9)]
    public void A_series_that_has_ended_tells_what_was_not_told(int times, int? written)
    {
        for (var i = 0; i < times; i++)
        {
            _events.Count(Note(), "first");
        }

        _time.Advance(RepeatedEvents.End);
        Assert.Empty(_events.Take());
        _time.Advance(RepeatedEvents.End);
        Assert.Equal(written, _events.Take().SingleOrDefault()?.Count);
        Assert.Null(_events.Count(Note(), "anew"));
    }

    [Fact]
    public void A_series_that_goes_on_is_told_each_half_an_hour()
    {
        _events.Count(Note(), "first");
        var told = new List<int>();
        for (var minutes = 6; minutes <= 66; minutes += 6)
        {
            _time.Advance(RepeatedEvents.End);
            _events.Count(Note(), "other");
            told.AddRange(_events.Take().Select(e => (minutes * 100) + e.Count));
        }

        Assert.Equal([(30 * 100) + 6, (60 * 100) + 11], told);
    }

    /// <summary>A count that could not be written is due at the next look, but not for ever.</summary>
    [Fact]
    public void What_is_put_back_is_due_again_a_limited_number_of_times()
    {
        for (var i = 0; i < 3; i++)
        {
            _events.Count(Note(), "first");
        }

        _time.Advance(2 * RepeatedEvents.End);
        var due = new List<int>();
        while (_events.Take().SingleOrDefault() is { } repeated)
        {
            due.Add(repeated.Count);
            _events.PutBack(repeated);
        }

        Assert.Equal(Enumerable.Repeat(3, RepeatedEvents.MaxPutBack + 1), due);
    }

    /// <summary>It then waits for its half an hour again.</summary>
    [Fact]
    public void What_is_put_back_of_a_series_that_goes_on_is_due_at_the_next_look()
    {
        _events.Count(Note(), "first");
        var told = new List<(int Look, int Count, int Failures)>();
        for (var look = 1; look <= 10; look++)
        {
            _time.Advance(RepeatedEvents.End);
            _events.Count(Note(), "other");
            foreach (var repeated in _events.Take())
            {
                told.Add((look, repeated.Count, repeated.Failures));
                if (look is 5 or 6)
                {
                    _events.PutBack(repeated);
                }
            }
        }

        Assert.Equal([(5, 6, 0), (6, 7, 1), (7, 8, 2), (10, 11, 0)], told);
    }

    [Fact]
    public void What_is_put_back_is_not_counted_on_another_event()
    {
        for (var i = 0; i < 3; i++)
        {
            _events.Count(Note(), "first");
        }

        _time.Advance(2 * RepeatedEvents.End);
        var ended = Assert.Single(_events.Take());
        Assert.Null(_events.Count(Note(), "anew"));
        _events.PutBack(ended);
        _time.Advance(2 * RepeatedEvents.End);
        Assert.Empty(_events.Take());
    }

    private static SchedulingNote Note(long revision = 1) => new()
    {
        Pod = new PodReader(new ScalarResources()).Read(new PodSketch("p").Build(revision)),
        Scheduler = "default-scheduler",
        Reason = "FailedScheduling",
        Action = "Scheduling",
        Message = "no",
    };
}
