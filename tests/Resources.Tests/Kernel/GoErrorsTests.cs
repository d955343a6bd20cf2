using OrleansOrchestrator.Formats;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

public sealed class GoErrorsTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("a", "a")]
    [InlineData("[a, b]", "a", "b")]
    [InlineData("a", "a", "a")]
    [InlineData("[b, a]", "b", "a", "b")]
    public void SeveralAreOneInBracketsAndNoneIsToldTwice(string? expected, params string[] errors) =>
        Assert.Equal(expected, GoErrors.Join(errors));
}
