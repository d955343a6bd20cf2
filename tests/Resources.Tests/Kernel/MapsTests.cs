using System.Collections.ObjectModel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

/// <summary>Labels and the like are the same whatever their order, and none are as good as no map of them.</summary>
public sealed class MapsTests
{
    [Theory]
    [InlineData(null, null, true)]
    [InlineData(null, "", true)]
    [InlineData("a=1,b=2", "b=2,a=1", true)]
    [InlineData("a=1", null, false)]
    [InlineData("a=1", "a=2", false)]
    [InlineData("a=1", "b=1", false)]
    [InlineData("a=1,b=2", "a=1", false)]
    public void Maps_are_compared_by_what_they_hold(string? left, string? right, bool same)
    {
        var (one, other) = (Read(left), Read(right));
        Assert.Equal(same, Maps.Same((IDictionary<string, string>?)one, other));
        Assert.Equal(same, Maps.Same((IDictionary<string, string>?)other, one));
        Assert.Equal(same, Maps.Same(Frozen(one), Frozen(other)));
    }

    private static Dictionary<string, string>? Read(string? text) => text?.Split(
        ',', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=')).ToDictionary(p => p[0], p => p[1]);

    private static ReadOnlyDictionary<string, string>? Frozen(Dictionary<string, string>? map) => map?.AsReadOnly();
}
