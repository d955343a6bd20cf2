using System.Buffers;
using System.Text;
using CsCheck;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Segments;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Logs.Tests.Segments;

public sealed class LogSegmentTests
{
    [Fact]
    public void A_segment_is_read_as_it_was_made_and_its_words_are_all_there() => Texts.Block.Check(static block =>
    {
        var segment = new LogSegment([new SegmentRun(3, 10, block.Count)], block);
        var encoded = segment.Encode(3);
        Assert.Equal(Told(segment), Told(LogSegment.Decode(encoded.Body)));
        foreach (var word in WordScanner.AllOf(block.AllText))
        {
            Assert.True(WordFilter.MayHold(BlockOf(encoded.Words, word), word));
        }
    });

    [Fact]
    public void Lines_of_common_shapes_are_read_as_they_were_written() =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 2_000_000], Texts.Bytes).Array[0, 200].Check(static lines =>
        {
            var block = new LineBlock();
            foreach (var (shape, number, text) in lines)
            {
                block.Add(number, default, shape switch
                {
                    0 => Encoding.UTF8.GetBytes($"10.0.0.{number % 256} GET /{number % 7}x took {number % 10}00 ms"),
                    1 => Encoding.UTF8.GetBytes($"trace={number:x8}0 größe{number % 3}\n at line 0{number % 100}"),
                    2 => "no number at all"u8,
                    _ => text,
                });
            }

            var segment = new LogSegment([new SegmentRun(3, 10, block.Count)], block);
            Assert.Equal(Told(segment), Told(LogSegment.Decode(segment.Encode(3).Body)));
        });

    [Fact]
    public void A_segment_of_an_earlier_release_is_read() => Texts.Block.Check(static block =>
    {
        var output = new ArrayBufferWriter<byte>();
        output.Write([(byte)1]);
        output.WriteNumber(1);
        output.WriteSigned(3);
        output.WriteSigned(10);
        output.WriteNumber((ulong)block.Count);
        block.Write(output);
        Assert.Equal(
            Told(new LogSegment([new SegmentRun(3, 10, block.Count)], block)),
            Told(LogSegment.Decode(Zstd.Compress(output.WrittenSpan, 3))));
    });

    [Fact]
    public void What_is_no_segment_is_refused() =>
        Gen.Select(Texts.Block, Gen.Int[0, 10_000], Gen.Byte).Check(static (block, at, value) =>
        {
            for (var i = 0; i < 10; i++)
            {
                block.Add(i, default, Encoding.UTF8.GetBytes($"a line of number {i}"));
            }

            var whole = Zstd.Decompress(
                new LogSegment([new SegmentRun(3, 10, block.Count)], block).Encode(1).Body, 1 << 20);
            whole[at % whole.Length] = value;
            try
            {
                LogSegment.Decode(Zstd.Compress(whole.AsSpan(0, whole.Length - (at % 2)), 1));
            }
            catch (InvalidDataException)
            {
                // It says so; whatever else it throws fails the test.
            }
        });

    [Fact]
    public void Words_that_are_not_there_are_seldom_thought_to_be()
    {
        var words = Enumerable.Range(0, 20_000).Select(static i => WordScanner.AllOf(BitConverter.GetBytes(i).Select(
            static b => (byte)(b | 0x80)).ToArray()).First()).Distinct().ToList();
        var filter = WordFilter.Build(words);
        var others = Enumerable.Range(0, 10_000).Select(
            static i => WordScanner.AllOf(System.Text.Encoding.UTF8.GetBytes($"other{i}")).First());
        Assert.InRange(others.Count(w => WordFilter.MayHold(BlockOf(filter, w), w)), 0, 300);
        Assert.True(filter.Length < words.Count * 2);
    }

    [Fact]
    public void Merging_keeps_every_line_in_its_place() =>
        Gen.Select(Texts.Block.Array[1, 8], Gen.Int[1, 3]).Check(static (blocks, streams) =>
        {
            var next = new long[streams];
            var segments = blocks.Select((block, i) =>
            {
                var stream = i % streams;
                var run = new SegmentRun(stream, next[stream], block.Count);
                next[stream] += block.Count;
                return new LogSegment([run], block);
            }).ToList();
            var merged = LogSegment.Merge(segments).ToList();
            Assert.Equal(segments.SelectMany(Told).Order(), merged.SelectMany(Told).Order());
            Assert.All(merged, static s => Assert.Equal(s.Lines.Count, s.Runs.Sum(static r => r.Count)));
        });

    [Fact]
    public void Large_segments_are_split()
    {
        var block = new LineBlock();
        for (var i = 0; i < 5000; i++)
        {
            block.Add(i, default, new byte[1500]);
        }

        var parts = LogSegment.Split(new LogSegment([new SegmentRun(1, 0, 5000)], block)).ToList();
        Assert.Equal(4, parts.Count);
        Assert.All(parts, static p => Assert.True(p.Lines.TextBytes <= LogSegment.TargetBytes));
        Assert.Equal(Enumerable.Range(0, 5000).Select(static i => (long)i), parts.SelectMany(
            static p => Enumerable.Range(0, p.Lines.Count).Select(i => p.Lines.Time(i))));
    }

    private static ReadOnlySpan<byte> BlockOf(byte[] filter, ulong word) => filter.AsSpan(
        WordFilter.BlockOf(WordFilter.Place(word), filter.Length / WordFilter.BlockBytes) * WordFilter.BlockBytes,
        WordFilter.BlockBytes);

    private static IEnumerable<string> Told(LogSegment segment)
    {
        var line = 0;
        foreach (var run in segment.Runs)
        {
            for (var i = 0; i < run.Count; i++, line++)
            {
                var (time, flags) = (segment.Lines.Time(line), segment.Lines.Flags(line));
                yield return $"{run.Stream} {run.Sequence + i} {time} {flags.Bits} "
                    + Convert.ToHexString(segment.Lines.Text(line));
            }
        }
    }
}
