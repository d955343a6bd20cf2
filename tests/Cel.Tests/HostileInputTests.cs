using System.Text;
using CsCheck;
using OrleansOrchestrator.Cel.Patterns;
using OrleansOrchestrator.Cel.Syntax;
using OrleansOrchestrator.Cel.Values;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Cel.Tests;

/// <summary>Nothing that is written can crash, hang or fill the memory.</summary>
public static class HostileInputTests
{
    private static readonly CelEnvironment Environment = CelEnvironment.Kubernetes
        .WithVariable("self", Types.CelType.Dyn);

    private static readonly string[] Pieces =
    [
        "self", "a", "1", "2u", "1.5", "'x'", "b'y'", "true", "null", "[", "]", "{", "}", "(", ")", ".", ",", ":", "?",
            "+",
        "-", "*", "/", "%", "!", "==", "<", "&&", "||", "in", "all", "exists", "map", "filter", "has", "x", "size",
            "matches",
        "'('", "format", "duration", "timestamp", "optional", "\\", "\"", "'''", "//", "\n", "0x", "1e", "\ud800", "😀",
            "`",
    ];

    private static readonly string[] PatternPieces =
    [
        "a", "b", "(", ")", "[", "]", "*", "+", "?", "{2}", "{1,", "}", "|", "^", "$", ".", "\\", "\\d", "-", "\\pL",
        "(?i)", "(?P<x>", "[:alpha:]", "\\Q", ":",
    ];

    [Fact]
    public static void AnyTextIsCompiledOrRefused() => Gen.OneOf(Pieces).Array[0, 30].Check(static pieces =>
    {
        var (program, issues) = Environment.Compile(string.Join(pieces.Length % 2 == 0 ? " " : "", pieces));
        if (program is null)
        {
            Assert.StartsWith("ERROR: <input>:", issues, StringComparison.Ordinal);
            return;
        }

        _ = program.EstimateCost();
        var self = Environment.Activate().Set("self", CelValue.Of(CelMap.Empty));
        Assert.InRange(program.Evaluate(self, 10_000).Cost, 0UL, 10_000_000UL);
    }, cases: 5000);

    [Theory]
    [InlineData("[", 100_000)]
    [InlineData("(", 5_000)]
    [InlineData("1+", 20_000)]
    [InlineData("a.", 20_000)]
    [InlineData("a[", 5_000)]
    [InlineData("{1:", 5_000)]
    [InlineData("true?", 5_000)]
    [InlineData("true?1:", 5_000)]
    [InlineData("[1].map(x,", 2_000)]
    public static void DeepNestingIsRefused(string piece, int times) =>
        Assert.Null(Environment.Compile(new StringBuilder().Insert(0, piece, times).Append('1').ToString()).Program);

    [Fact]
    public static void ALongChainOfConditionsIsFine()
    {
        var text = string.Join(" && ", Enumerable.Repeat("self.a == 1", 5000));
        var program = Environment.Compile(text).Program!;
        var self = CelValue.Of(CelMap.Of(("a", CelValue.Of(1))));
        Assert.True(program.Evaluate(Environment.Activate().Set("self", self)).Value.IsTrue);
    }

    [Theory]
    [InlineData("[1,2,3,4,5,6,7,8,9,10].map(a, [1,2,3,4,5,6,7,8,9,10].map(b, [1,2,3,4,5,6,7,8,9,10].map(c, "
        + "[1,2,3,4,5,6,7,8,9,10].map(d, [1,2,3,4,5,6,7,8,9,10].map(e, [1,2,3,4,5,6,7,8,9,10].map(f, 'x'))))))")]
    [InlineData("lists.range(10000000).all(x, x >= 0)")]
    [InlineData("lists.range(100000).sort().size() > 0")]
    public static void WhatCostsTooMuchIsEnded(string text)
    {
        var (value, _) = Environment.Compile(text).Program!.Evaluate(Environment.Activate());
        Assert.Equal("operation cancelled: actual cost limit exceeded", value.AsError.Message);
    }

    [Theory]
    [InlineData("(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")]
    [InlineData("(x*)*y", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")]
    [InlineData("(a|aa)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac")]
    public static void PatternsMatchInLinearTime(string pattern, string text) =>
        Assert.DoesNotMatch(Re2.Find(pattern, out _)!, text);

    [Theory]
    [InlineData("(a{1000}){1000}")]
    [InlineData("((a{100}){100}){100}")]
    [InlineData("(?=a)")]
    [InlineData("(?<!a)b")]
    [InlineData("(a)\\1")]
    [InlineData("(?>a)")]
    [InlineData("a**")]
    [InlineData("[z-a]")]
    [InlineData("a{1001}")]
    public static void WhatRe2HasNotIsRefused(string pattern)
    {
        Assert.Null(Re2.Find(pattern, out var complaint));
        Assert.StartsWith("error parsing regexp: ", complaint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("^[[:alpha:]]+$", "abc", true)]
    [InlineData("^\\d+$", "٣", false)]
    [InlineData("a$", "a\n", false)]
    [InlineData("(?m)a$", "a\nb", true)]
    [InlineData("(?P<n>a)b", "ab", true)]
    [InlineData("\\Qa.b\\E", "a.b", true)]
    [InlineData("^[^\\D5]$", "5", false)]
    [InlineData("^[^\\D5]$", "4", true)]
    [InlineData("(?i)ABC", "abc", true)]
    [InlineData("^\\x{41}\\z", "A", true)]
    public static void PatternsMeanWhatRe2Means(string pattern, string text, bool matches) =>
        Assert.Equal(matches, Re2.Find(pattern, out _)!.IsMatch(text));

    [Fact]
    public static void AnyPatternIsCompiledOrRefused() => Gen.OneOf(PatternPieces).Array[0, 12].Check(static pieces =>
    {
        var regex = Re2.Find(string.Concat(pieces), out var complaint);
        Assert.Equal(regex is null, complaint.Length > 0);
        _ = regex?.IsMatch("aab-1");
    }, cases: 5000);
}
