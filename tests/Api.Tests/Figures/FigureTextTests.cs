using System.Text;
using OrleansOrchestrator.Api.Figures;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Figures;

public sealed class FigureTextTests
{
    private static readonly FigureOptions Options = new() { MaxAnswerBytes = 100_000, MaxSeries = 3 };

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("a 1\nb 2\nc 3\n", "a=1 b=2")]
    [InlineData("a 1\r\nb_total 2", "a=1 b_total=2")]
    [InlineData("a NaN\n\n# a 3\na{x=\"\u00e9\"} 4", "a{\u00e9}=4")]
    [InlineData("a 1\na 2\na 3\na 4", null)]
    [InlineData("", "")]
    public async Task Only_what_is_wanted_is_kept(string text, string? expected) =>
        Assert.Equal(expected, await ReadAsync(text));

    [Fact]
    public async Task A_line_without_an_end_is_left_out_and_an_answer_without_an_end_counts_as_none()
    {
        var line = new string('x', FigureText.MaxLineBytes + 1);
        Assert.Equal("a=1 b=2", await ReadAsync($"a 1\n{line}\nb 2\n"));
        Assert.Equal("a=1", await ReadAsync($"a 1\na{{x=\"{line}\"}} 2"));
        Assert.Null(await ReadAsync(new string('\n', Options.MaxAnswerBytes + 1)));
        Assert.Null(await ReadAsync(new string('x', Options.MaxAnswerBytes + 1)));
    }

    /// <summary>Whole, and a few bytes at a time.</summary>
    private static async Task<string?> ReadAsync(string text)
    {
        var whole = await ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(text)));
        Assert.Equal(whole, await ReadAsync(new SlowStream(Encoding.UTF8.GetBytes(text))));
        return whole;
    }

    private static async Task<string?> ReadAsync(Stream stream)
    {
        var read = await FigureText.ReadAsync(
            stream, new HashSet<string>(["a", "b"], StringComparer.Ordinal), Options, Limit);
        return read is null ? null : string.Join(' ', read.Select(static s =>
            $"{s.Name}{(s.Labels.TryGetValue("x", out var x) ? $"{{{x}}}" : "")}={s.Value}"));
    }

    private sealed class SlowStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, 7)]);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(Read(buffer.Span));
    }
}
