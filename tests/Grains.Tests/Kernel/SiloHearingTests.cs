using OrleansOrchestrator.Grains.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

/// <summary>When a silo counts as hung, and when its listener only thinks so.</summary>
public sealed class SiloHearingTests
{
    private static readonly TimeSpan Beat = SiloHearing.Beat;
    private static readonly TimeSpan Shortest = SiloHearing.ShortestPatience;

    /// <summary>Answers that it takes to forget how slow a silo is when it starts.</summary>
    private const int Settled = 60;

    private readonly SiloHearing _hearing = new(SiloHearing.FirstPatience);

    [Fact]
    public void Who_stops_answering_is_silent_after_the_shortest_patience()
    {
        Answer(Settled);
        Listen(Shortest);
        Assert.False(_hearing.IsSilent);
        _hearing.Listen();
        Assert.True(_hearing.IsSilent);
    }

    [Fact]
    public void Of_whom_nothing_was_ever_heard_nothing_is_said()
    {
        Listen(TimeSpan.FromMinutes(1));
        Assert.False(_hearing.IsSilent);
    }

    /// <summary>As on a machine that has no processor time left: whoever answers is not declared dead.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(7)]
    public void Who_answers_slowly_is_granted_several_times_as_much(int beats)
    {
        for (var answer = 0; answer < 10; answer++)
        {
            Listen(beats * Beat);
            Assert.False(_hearing.IsSilent);
            _hearing.Hear();
        }

        Listen(2 * beats * Beat);
        Assert.False(_hearing.IsSilent);
        Listen(SiloHearing.LongestPatience);
        Assert.True(_hearing.IsSilent);
    }

    /// <summary>Nobody waits for a silo longer than is promised, not even for one that has just joined.</summary>
    [Fact]
    public void Who_is_heard_for_the_first_time_may_still_be_starting_but_does_not_break_the_promise()
    {
        Answer(times: 1);
        Assert.True(_hearing.Patience > Shortest);
        Listen(SiloHearing.FirstPatience);
        Assert.True(_hearing.IsSilent);
        Assert.True(SiloHearing.FirstPatience + new JournalOptions().Lease + (2 * Beat) < TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void The_lenience_of_the_beginning_is_forgotten()
    {
        Answer(Settled);
        Assert.Equal(Shortest, _hearing.Patience);
    }

    /// <summary>
    /// A silo that hangs, is replaced and hangs again much later is given up as soon as the first time.
    /// </summary>
    [Fact]
    public void That_the_one_before_hung_is_forgotten_too()
    {
        var again = new SiloHearing(2 * Shortest);
        Answer(Settled, again);
        Assert.Equal(Shortest, again.Patience);
    }

    [Fact]
    public void A_slow_answer_is_forgotten_in_time()
    {
        Listen(TimeSpan.FromSeconds(1.5));
        _hearing.Hear();
        Assert.True(_hearing.Patience > Shortest);
        Answer(times: 200);
        Assert.Equal(Shortest, _hearing.Patience);
    }

    [Fact]
    public void Patience_has_a_bound_however_slow_the_answers_and_however_lenient_the_beginning()
    {
        var lenient = new SiloHearing(TimeSpan.FromHours(1));
        Assert.Equal(SiloHearing.LongestPatience, lenient.Patience);
        Listen(TimeSpan.FromHours(1));
        _hearing.Hear();
        Assert.Equal(SiloHearing.LongestPatience, _hearing.Patience);
    }

    private void Answer(int times) => Answer(times, _hearing);

    private static void Answer(int times, SiloHearing hearing)
    {
        for (var i = 0; i < times; i++)
        {
            hearing.Listen();
            hearing.Hear();
        }
    }

    private void Listen(TimeSpan time)
    {
        for (var listened = TimeSpan.Zero; listened < time; listened += Beat)
        {
            _hearing.Listen();
        }
    }
}
