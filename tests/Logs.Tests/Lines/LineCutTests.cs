using System.Text;
using OrleansOrchestrator.Logs.Lines;
using Xunit;

namespace OrleansOrchestrator.Logs.Tests.Lines;

public sealed class LineCutTests
{
    [Theory]
    [InlineData("abc", 3, "abc")]
    [InlineData("abcd", 3, "abc")]
    [InlineData("aé", 2, "a")]
    [InlineData("aéb", 3, "aé")]
    [InlineData("a€", 3, "a")]
    [InlineData("a😀b", 4, "a")]
    [InlineData("a😀b", 5, "a😀")]
    [InlineData("😀", 3, "")]
    public void No_character_is_cut_in_its_middle(string text, int maxBytes, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(LineCut.ToUtf8(text, maxBytes)));
}
