using System.Text;
using CsCheck;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Logs.Tests.Lines;

public sealed class SeverityDetectorTests
{
    [Theory]
    [InlineData("{\"level\":\"error\",\"msg\":\"x\"}", Severity.Error)]
    [InlineData("{\"msg\":\"the level is high\",\"severity\": \"WARNING\"}", Severity.Warning)]
    [InlineData("{\"log.level\":\"debug\"}", Severity.Debug)]
    [InlineData("{\"level\":50}", Severity.Error)]
    [InlineData("{\"msg\":\"ERROR\"}", Severity.None)]
    [InlineData("E1128 19:00:00.000001       1 main.go:7] no", Severity.Error)]
    [InlineData("I1128 19:00:00.000001       1 main.go:7] yes", Severity.Info)]
    [InlineData("time=2026-11-28T19:00:00Z level=warn msg=\"a\"", Severity.Warning)]
    [InlineData("2026-11-28 19:00:00,123 ERROR [main] c.e.App - no", Severity.Error)]
    [InlineData("2026/11/28 19:00:00 [warn] 7#7: x", Severity.Warning)]
    [InlineData("info: Microsoft.Hosting.Lifetime[14]", Severity.Info)]
    [InlineData("fail: Microsoft.Hosting[1]", Severity.Error)]
    [InlineData("panic: runtime error", Severity.Fatal)]
    [InlineData("2026-11-28 19:00:00.123 UTC [71] FATAL:  no", Severity.Fatal)]
    [InlineData("no error here", Severity.None)]
    [InlineData("10.0.0.1 - - \"GET /errors HTTP/1.1\" 200", Severity.None)]
    [InlineData("", Severity.None)]
    public void Lines_say_how_bad_they_are(string line, Severity expected) =>
        Assert.Equal(expected, SeverityDetector.Detect(Encoding.UTF8.GetBytes(line)));

    [Fact]
    public void Any_bytes_are_judged() => Texts.Bytes.Check(static line => _ = SeverityDetector.Detect(line));
}
