using OrleansOrchestrator.NodeAgent.Node;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Node;

/// <summary>Taints as the command line has them: rows of upstream's TestParseTaints.</summary>
public sealed class TaintTextTests
{
    [Theory]
    [InlineData("foo=abc:NoSchedule", "foo", "abc", "NoSchedule")]
    [InlineData("example.com/foo=:PreferNoSchedule", "example.com/foo", "", "PreferNoSchedule")]
    [InlineData("foo:NoExecute", "foo", null, "NoExecute")]
    [InlineData("foo", "foo", null, "NoSchedule")]
    [InlineData("foo=abc", "foo", "abc", "NoSchedule")]
    public void What_is_one_is_read(string text, string key, string? value, string effect)
    {
        Assert.Null(TaintText.Read(text, out var taint));
        Assert.Equal((key, value, effect), (taint.Key, taint.Value, taint.Effect));
    }

    [Theory]
    [InlineData("foo=abc=xyz:NoSchedule", "invalid taint spec: foo=abc=xyz:NoSchedule")]
    [InlineData("foo=abc:xyz:NoSchedule", "invalid taint spec: foo=abc:xyz:NoSchedule")]
    [InlineData("foo=abc:noSchedule", "invalid taint effect: noSchedule, unsupported taint effect")]
    [InlineData("foo=:", "invalid taint effect: , unsupported taint effect")]
    [InlineData("/foo=abc:NoSchedule", "invalid taint spec: /foo=abc:NoSchedule, prefix part must be non-empty")]
    [InlineData("foo=-abc:NoSchedule", "invalid taint spec: foo=-abc:NoSchedule, a valid label must be an empty string")]
    public void What_is_none_is_refused_in_upstreams_words(string text, string expected) =>
        Assert.StartsWith(expected, TaintText.Read(text, out _), StringComparison.Ordinal);
}
