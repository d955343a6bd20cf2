using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

public sealed class ChanceTests
{
    [Fact]
    public void IdsAreVersion4AndEachIsOneOfItsKindOnAllThreads()
    {
        var ids = new Guid[8 * 500];

        Parallel.For(0, ids.Length, i => ids[i] = Chance.NewId());

        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.All(ids, static id => Assert.Matches(
            "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", id.ToString("D")));
    }
}
