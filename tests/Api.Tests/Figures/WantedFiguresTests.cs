using OrleansOrchestrator.Api.Figures;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Figures;

public sealed class WantedFiguresTests
{
    [Fact]
    public void What_nobody_asked_for_in_a_while_makes_room_and_nothing_else_does()
    {
        var wanted = new WantedFigures(2, TimeSpan.FromMinutes(5));
        Assert.Equal(["a"], wanted.With("a", Minute(0))!);
        Assert.Equal(["a", "b"], wanted.With("b", Minute(1))!.Order(StringComparer.Ordinal));
        Assert.Null(wanted.With("c", Minute(5)));
        Assert.Equal(["a", "b"], wanted.With("a", Minute(5))!.Order(StringComparer.Ordinal));
        Assert.Equal(["a", "c"], wanted.With("c", Minute(7))!.Order(StringComparer.Ordinal));
    }

    private static TimeSpan Minute(int minute) => TimeSpan.FromMinutes(minute);
}
