using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

/// <summary>Numbers of pods and shares of them.</summary>
public sealed class CountOrPercentTests
{
    [Theory]
    [InlineData("25%", 25, true, 0)]
    [InlineData("101%", 101, true, 1)]
    [InlineData("x", 0, false, 1)]
    [InlineData("%", 0, false, 1)]
    public void ReadsTexts(string text, int number, bool isPercent, int findings)
    {
        var amount = CountOrPercent.Of(text);
        Assert.Equal((number, isPercent), (amount.Number, amount.IsPercent));
        Assert.Equal(findings, Findings(amount));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(7, 0)]
    [InlineData(-1, 1)]
    public void ReadsNumbers(int number, int findings)
    {
        var amount = CountOrPercent.Of(number);
        Assert.Equal((number, false), (amount.Number, amount.IsPercent));
        Assert.Equal(findings, Findings(amount));
    }

    [Fact]
    public void NothingIsZero() => Assert.Equal(0, CountOrPercent.Of(null).Number);

    private static int Findings(CountOrPercent amount)
    {
        var errors = new FieldErrors();
        amount.Validate(FieldPath.Of("x"), errors);
        amount.ValidateShare(FieldPath.Of("x"), errors);
        return errors.Count;
    }
}
