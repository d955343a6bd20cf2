using OrleansOrchestrator.Silo.Commands;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>What a silo tells of its flags, and what it keeps to itself.</summary>
public sealed class FlagValuesTests
{
    [Theory]
    [InlineData("", "port", "6443")]
    [InlineData("--port 7443", "port", "7443")]
    [InlineData("", "controllers", "true")]
    [InlineData("--controllers false", "controllers", "false")]
    [InlineData("", "local-storage", "false")]
    [InlineData("--local-storage", "local-storage", "true")]
    [InlineData("", "load-balancer-pool", "[]")]
    [InlineData(
        "--load-balancer-pool 192.0.2.0/28 --load-balancer-pool b=192.0.2.32/28", "load-balancer-pool",
        "[192.0.2.0/28,b=192.0.2.32/28]")]
    [InlineData("", "remote-write-url", "")]
    [InlineData("--remote-write-url http://me:secret@host/x", "remote-write-url", "CLASSIFIED")]
    [InlineData("--otlp-endpoint http://me:secret@host", "otlp-endpoint", "CLASSIFIED")]
    [InlineData("--otlp-logs-endpoint http://me:secret@host", "otlp-logs-endpoint", "CLASSIFIED")]
    [InlineData("--connection Host=x;Password=secret", "connection", "CLASSIFIED")]
    public void Tells_what_was_given_or_the_default_but_no_secret(string arguments, string flag, string expected)
    {
        var parsed = OrcCommandLine.CreateRoot().Parse($"silo {arguments}");

        var flags = FlagValues.Of(parsed, parsed.CommandResult.Command.Options);

        Assert.Equal(expected, flags.Values[flag]);
        Assert.DoesNotContain(flags.Values.Values, static v => v.Contains("secret", StringComparison.Ordinal));
    }
}
