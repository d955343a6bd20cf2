using Xunit;

namespace OrleansOrchestrator.Golden;

public sealed class KnownFailuresTests
{
    private static readonly string[] List =
        ["# one reason", "a/x#first", "a/y#*", "", "a/x#second\tanother reason", "# a third", "b/z#only"];

    [Theory]
    [InlineData("a/x#first", "one reason")]
    [InlineData("a/x#second", "another reason")]
    [InlineData("a/x#third", null)]
    [InlineData("a/y#whatever", "one reason")]
    [InlineData("a/yy#whatever", null)]
    [InlineData("b/z#only", "a third")]
    public void AReasonIsThatOfTheStepOrOfItsScenario(string step, string? reason) =>
        Assert.Equal(reason, KnownFailures.Read(List).ReasonOf(step));

    [Theory]
    [InlineData("a/x#first")]
    [InlineData("a/x#first\t")]
    [InlineData("a/x#first\tone", "a/x#first\ttwo")]
    public void AStepHasOneReason(params string[] lines) =>
        Assert.Throws<InvalidDataException>(() => KnownFailures.Read(lines));

    [Fact]
    public void AReplayKeepsReasonsOfWhatStillFailsAndOfWhatWasNotReplayed()
    {
        (string, bool)[] results =
        [
            ("a/x#first", true), ("a/x#second", false), ("a/x#third", false),
            ("a/y#one", false), ("a/y#two", false), ("c/new#one", false),
        ];
        var after = KnownFailures.Read(List).After(results).ToList();
        string[] expected =
        [
            "# a third", "b/z#only", "", "# another reason", "a/x#second", "",
            $"# {KnownFailures.NotLookedAt}", "a/x#third", "c/new#*", "", "# one reason", "a/y#*", "",
        ];
        Assert.Equal(expected, after);
        Assert.Equal(["a/x#third", "c/new#*"], KnownFailures.Read(after).Unexplained);
    }
}
