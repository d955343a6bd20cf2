using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission;

public sealed class RecentDeletionsTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void What_was_deleted_is_distrusted_for_a_while()
    {
        var deletions = new RecentDeletions(_time);
        deletions.Note("gone");
        Assert.True(deletions.Has("gone"));
        Assert.False(deletions.Has("there"));

        _time.Advance(RecentDeletions.Distrust);
        Assert.False(deletions.Has("gone"));
    }

    [Fact]
    public void With_too_many_to_remember_all_are_distrusted()
    {
        var deletions = new RecentDeletions(_time);
        for (var i = 0; i < RecentDeletions.MaxNames; i++)
        {
            deletions.Note($"n{i}");
        }

        Assert.False(deletions.Has("there"));
        deletions.Note("one-more");
        Assert.True(deletions.Has("there"));
        Assert.True(deletions.Has("n0"));

        _time.Advance(RecentDeletions.Distrust);
        Assert.False(deletions.Has("there"));
        Assert.False(deletions.Has("n0"));
    }

    [Fact]
    public void What_was_deleted_long_ago_makes_room()
    {
        var deletions = new RecentDeletions(_time);
        for (var i = 0; i < RecentDeletions.MaxNames; i++)
        {
            deletions.Note($"n{i}");
        }

        _time.Advance(RecentDeletions.Distrust);
        deletions.Note("n0");
        deletions.Note("one-more");

        Assert.False(deletions.Has("there"));
        Assert.False(deletions.Has("n1"));
        Assert.True(deletions.Has("n0"));
        Assert.True(deletions.Has("one-more"));
    }

    [Fact]
    public void What_was_deleted_lately_stays_when_older_names_make_room()
    {
        var deletions = new RecentDeletions(_time);
        deletions.Note("old");
        _time.Advance(RecentDeletions.Distrust / 2);
        for (var i = 1; i < RecentDeletions.MaxNames; i++)
        {
            deletions.Note($"n{i}");
        }

        _time.Advance(RecentDeletions.Distrust / 2);
        deletions.Note("one-more");

        Assert.False(deletions.Has("there"));
        Assert.False(deletions.Has("old"));
        Assert.True(deletions.Has("n1"));

        deletions.Note("too-many");
        Assert.True(deletions.Has("there"));
    }
}
