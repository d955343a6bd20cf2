using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Kernel;

/// <summary>The rules of upstream's recorder of warnings.</summary>
public sealed class WarningHeadersTests
{
    private const int MaxCut = 256;

    [Theory]
    [InlineData("plain", "299 - \"plain\"")]
    [InlineData("a \"b\" \\c", "299 - \"a \\\"b\\\" \\\\c\"")]
    [InlineData("größer", "299 - \"größer\"")]
    public void ATextIsQuoted(string text, string header) => Assert.Equal([header], Write([text]));

    [Theory]
    [InlineData("")]
    [InlineData("two\nlines")]
    [InlineData("a\ttab")]
    [InlineData("\u0085")]
    public void WhatIsNoTextOfAHeaderIsLeftOut(string text) =>
        Assert.Equal(["299 - \"a\""], Write([text, "a", "a"]));

    [Fact]
    public void WhatFitsIsWhole() =>
        Assert.Equal(
            [Quoted(new string('a', 4000)), Quoted(new string('b', 96))], Write([new('a', 4000), new('b', 96)]));

    /// <summary>Characters are counted, whatever they take of UTF-16.</summary>
    [Fact]
    public void OfTooMuchTheBeginningsAreWritten()
    {
        var clefs = string.Concat(Enumerable.Repeat("𝄞", 2100));
        Assert.Equal(
            [Quoted(clefs[..(2 * MaxCut)]), Quoted("b"), Quoted("c" + clefs[..(2 * (MaxCut - 1))])],
            Write([clefs, "b", "c" + clefs]));
    }

    [Fact]
    public void WhatHasNoRoomAtAllIsLeftOut()
    {
        var many = Enumerable.Range(0, 100).Select(static i => $"{i:D3}" + new string('a', MaxCut)).ToArray();
        Assert.Equal(many.Take(16).Select(static t => Quoted(t[..MaxCut])), Write(many));
    }

    private static string Quoted(string text) => $"299 - \"{text}\"";

    private static string?[] Write(string[] warnings)
    {
        var response = new DefaultHttpContext().Response;
        WarningHeaders.Write(response, warnings);
        return [.. response.Headers["Warning"]];
    }
}
