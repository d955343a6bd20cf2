using OrleansOrchestrator.Api.Usage;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Usage;

public sealed class PrometheusTextTests
{
    [Theory]
    [InlineData("up 1", "up||1|")]
    [InlineData("up{} 1.5e3 1700000000123", "up||1500|1700000000123")]
    [InlineData("a{b=\"c\",d=\"e,}\\\"\\\\n\"} +Inf", "a|b=c;d=e,}\"\\n|∞|")]
    [InlineData("a{b=\"c\",} 2 ", "a|b=c|2|")]
    [InlineData("# HELP a b", "")]
    [InlineData("a{b=\"c} 1", "")]
    [InlineData("a x", "")]
    [InlineData("a", "")]
    [InlineData("{} 1", "")]
    [InlineData("", "")]
    public void A_line_is_a_sample_or_left_out(string line, string expected) => Assert.Equal(
        expected, string.Join("\n", PrometheusText.Read($"\n{line}\n").Select(Show)));

    private static string Show(PrometheusSample sample) => string.Join(
        '|',
        sample.Name,
        string.Join(';', sample.Labels.Select(l => $"{l.Key}={l.Value}")),
        double.IsInfinity(sample.Value) ? "∞"
            : sample.Value.ToString(System.Globalization.CultureInfo.InvariantCulture),
        sample.Time?.ToUnixTimeMilliseconds().ToString(System.Globalization.CultureInfo.InvariantCulture));
}
