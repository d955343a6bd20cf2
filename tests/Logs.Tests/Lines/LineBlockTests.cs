using System.Buffers;
using CsCheck;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Logs.Tests.Lines;

public sealed class LineBlockTests
{
    [Fact]
    public void What_is_written_is_read() => Texts.Block.Check(static block =>
    {
        var output = new ArrayBufferWriter<byte>();
        block.Write(output);
        var input = output.WrittenSpan;
        var read = LineBlock.Read(ref input);
        Assert.True(input.IsEmpty);
        AssertSame(block, read);
    });

    [Fact]
    public void Batches_come_as_they_were_sent() => Texts.Block.Check(static block =>
    {
        var half = block.Count / 2;
        BatchRun[] runs = [new(7, 100, half, 5, 900), new(-1, 0, block.Count - half, long.MinValue, long.MaxValue)];
        var read = LogBatch.Decode(new LogBatch(runs, block).Encode());
        Assert.Equal(runs, read.Runs);
        AssertSame(block, read.Lines);
    });

    [Fact]
    public void Whatever_is_sent_is_a_batch_or_refused() => Gen.Select(Texts.Block, Gen.Int[0, 4000], Gen.Byte).Check(
        static (block, place, value) =>
        {
            var output = new ArrayBufferWriter<byte>();
            block.Write(output);
            var bytes = output.WrittenSpan.ToArray();
            bytes[place % bytes.Length] = value;
            ReadOnlySpan<byte> input = bytes;
            try
            {
                var read = LineBlock.Read(ref input);
                for (var i = 0; i < read.Count; i++)
                {
                    _ = read.Text(i);
                }
            }
            catch (InvalidDataException)
            {
                // Refused.
            }
        });

    [Fact]
    public void What_is_truncated_is_gone() =>
        Gen.Select(Texts.Block, Gen.Int[0, 60]).Check(static (block, count) =>
        {
            var before = block.Count;
            block.Truncate(Math.Min(count, before));
            block.Add(1, default, "next"u8);
            Assert.Equal(Math.Min(count, before) + 1, block.Count);
            Assert.True(block.Text(block.Count - 1).SequenceEqual("next"u8));
        });

    [Fact]
    public void Lines_are_joined_and_continued()
    {
        var block = new LineBlock();
        block.Add(1, default, "a"u8);
        block.Append("b"u8);
        block.Join("  at c"u8);
        block.Add(2, default, "d"u8);
        Assert.True(block.Text(0).SequenceEqual("ab\n  at c"u8));
        Assert.True(block.Text(1).SequenceEqual("d"u8));
    }

    private static void AssertSame(LineBlock expected, LineBlock actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        for (var i = 0; i < expected.Count; i++)
        {
            Assert.Equal((expected.Time(i), expected.Flags(i)), (actual.Time(i), actual.Flags(i)));
            Assert.True(expected.Text(i).SequenceEqual(actual.Text(i)));
        }
    }
}
