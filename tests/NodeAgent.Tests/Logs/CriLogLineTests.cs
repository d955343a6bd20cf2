using System.Text;
using CsCheck;
using OrleansOrchestrator.NodeAgent.Logs;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Logs;

public sealed class CriLogLineTests
{
    [Theory]
    [InlineData("2026-11-23T05:00:00.123456789Z stdout F hello world", "hello world", false, false)]
    [InlineData("2026-11-23T05:00:00.123456789Z stderr P part", "part", true, true)]
    [InlineData("2026-11-23T05:00:00.123456789+02:00 stdout F ", "", false, false)]
    [InlineData("2026-11-23T05:00:00.123456789Z stdout F", "", false, false)]
    [InlineData("2026-11-23T05:00:00.123456789Z stdout F:tag text", "text", false, false)]
    public void Lines_are_read(string line, string content, bool isStderr, bool isPartial)
    {
        Assert.True(CriLogLine.TryParse(Encoding.UTF8.GetBytes(line), out var parsed));
        Assert.Equal(content, Encoding.UTF8.GetString(parsed.Content));
        Assert.Equal((isStderr, isPartial), (parsed.IsStderr, parsed.IsPartial));
        Assert.NotNull(parsed.Time);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no time at all")]
    [InlineData("2026-11-23T05:00:00.123456789Z stdin F x")]
    [InlineData("2026-11-23T05:00:00.123456789Z stdout X x")]
    [InlineData("2026-11-23T05:00:00.123456789Z stdout")]
    public void What_is_no_line_is_refused(string line) =>
        Assert.False(CriLogLine.TryParse(Encoding.UTF8.GetBytes(line), out _));

    [Fact]
    public void Noise_never_throws() => Gen.Byte.Array[0, 200].Check(bytes =>
    {
        _ = CriLogLine.TryParse(bytes, out _);
        var cut = "2026-11-23T05:00:00.123456789Z stdout F text"u8.ToArray();
        for (var i = 0; i < bytes.Length && i < 3; i++)
        {
            cut[bytes[i] % cut.Length] = bytes[^(i + 1)];
        }

        if (CriLogLine.TryParse(cut, out var parsed))
        {
            _ = parsed.Time;
        }
    });

    [Fact]
    public void The_tail_has_the_last_lines()
    {
        var path = Path.GetTempFileName();
        File.WriteAllText(path, string.Concat(Enumerable.Range(0, 10).Select(i => $"2026-11-23T05:00:00.12345678{i}Z stdout F line {i}\n")));

        Assert.Equal("line 8\nline 9\n", CriLogTail.Read(path, 2, 1000));
        Assert.Equal("ne 9\n", CriLogTail.Read(path, 2, 5));
        Assert.Equal("", CriLogTail.Read(path + ".none", 2, 5));
        File.Delete(path);
    }

    [Fact]
    public void Rotation_keeps_the_newest() => Assert.Equal(
        ["0.log.20260101-000000"],
        LogRotator.Superfluous(["0.log.20260102-000000.gz", "0.log.20260101-000000", "0.log.20260103-000000"], 2));
}
