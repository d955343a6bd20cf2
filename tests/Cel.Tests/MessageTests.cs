using OrleansOrchestrator.Cel.Libraries;
using Xunit;

namespace OrleansOrchestrator.Cel.Tests;

/// <summary>What is wrong with an expression, in upstream's words.</summary>
public static class MessageTests
{
    private static readonly CelEnvironment Base = CelEnvironment.Standard;

    /// <summary>
    /// So many come out otherwise: some were recorded without what Kubernetes enables (comparisons across types of
    /// numbers, <c>existsOne</c>) or with other functions, and of some broken texts upstream's lexer reads on
    /// elsewhere. The number may only fall.
    /// </summary>
    private const int Others = 36;

    /// <summary>
    /// Where the parser goes on after a mistake depends on upstream's generator; of such texts only the first complaint
    /// must be the same.
    /// </summary>
    [Fact]
    public static void RecordedComplaintsAreTheSame()
    {
        var failed = new List<string>();
        var count = 0;
        foreach (var vector in VectorFile.Read("messages").Where(static v => IsOurs(v)))
        {
            count++;
            var expected = vector.Error.Replace("ERROR: :", "ERROR: <input>:", StringComparison.Ordinal);
            var actual = vector.Declare(Base).Compile(vector.Expr).Issues;
            var isSyntax = expected.Contains("Syntax error", StringComparison.Ordinal);
            if (isSyntax ? First(actual) != First(expected) : actual != expected)
            {
                failed.Add($"{vector.Suite}: {vector.Expr}\n  is\n{actual}\n  not\n{expected}");
            }
        }

        Assert.True(count > 200, $"{count} messages");
        Assert.True(failed.Count <= Others, $"{failed.Count} of {count} failed:\n{string.Join("\n", failed)}");
    }

    [Theory]
    [InlineData("self ==", "1:8: Syntax error: mismatched input '<EOF>' expecting " + Operands)]
    [InlineData("(", "1:2: Syntax error: mismatched input '<EOF>' expecting " + Operands)]
    [InlineData("'a' == 1", "1:5: found no matching overload for '_==_' applied to '(string, int)'")]
    [InlineData("foo == 1", "1:1: undeclared reference to 'foo' (in container '')")]
    [InlineData("[1, 'a']", "1:5: expected type 'int' but found 'string'")]
    [InlineData("duration('x')", "1:10: invalid duration argument")]
    [InlineData("'a'.matches('(')", "1:13: invalid matches argument")]
    public static void KubernetesSaysIt(string text, string complaint)
    {
        var shown = $"ERROR: <input>:{complaint}\n | {text}\n | ";
        Assert.StartsWith(shown, CelEnvironment.Kubernetes.Compile(text).Issues, StringComparison.Ordinal);
    }

    private const string Operands =
        "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', "
        + "NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

    private static string First(string text) =>
        text.IndexOf("\nERROR", StringComparison.Ordinal) is >= 0 and var end ? text[..end] : text;

    /// <summary>Without what those tests' own environments add: macros, limits of their own.</summary>
    private static bool IsOurs(Vector vector) =>
        !vector.HasWrappers && !vector.Error.Contains("limit exceeded", StringComparison.Ordinal)
        && !vector.Error.Contains("recursion depth", StringComparison.Ordinal);
}
