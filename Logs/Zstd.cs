using System.Collections.Concurrent;
using ZstdSharp;

namespace OrleansOrchestrator.Logs;

/// <summary>
/// zstd frames. Contexts take a megabyte each and are kept for the next caller, as many as usually work at once; .NET
/// has zstd of its own from 11 on.
/// </summary>
internal static class Zstd
{
    private const int KeptContexts = 4;

    private static readonly ConcurrentDictionary<int, ConcurrentBag<Compressor>> Compressors = new();
    private static readonly ConcurrentBag<Decompressor> Decompressors = [];

    public static byte[] Compress(ReadOnlySpan<byte> data, int level)
    {
        var kept = Compressors.GetOrAdd(level, static _ => []);
        var compressor = kept.TryTake(out var known) ? known : new Compressor(level);
        var compressed = compressor.Wrap(data).ToArray();
        if (kept.Count < KeptContexts)
        {
            kept.Add(compressor);
        }
        else
        {
            compressor.Dispose();
        }

        return compressed;
    }

    /// <summary>What a frame says to hold; throws <see cref="InvalidDataException"/> when that is more than so
    /// much.</summary>
    public static int SizeOf(ReadOnlySpan<byte> frame, int maxBytes)
    {
        try
        {
            var size = Decompressor.GetDecompressedSize(frame);
            return size <= (ulong)maxBytes
                ? (int)size
                : throw new InvalidDataException($"a block of logs holds {size} bytes, more than {maxBytes}");
        }
        catch (ZstdException wrong)
        {
            throw new InvalidDataException($"no zstd frame: {wrong.Message}", wrong);
        }
    }

    /// <summary>Fills as many bytes as <see cref="SizeOf"/> said; throws <see cref="InvalidDataException"/> for what
    /// is no frame.</summary>
    public static void Decompress(ReadOnlySpan<byte> frame, Span<byte> into)
    {
        try
        {
            var decompressor = Decompressors.TryTake(out var known) ? known : new Decompressor();
            if (decompressor.Unwrap(frame, into) != into.Length)
            {
                throw new InvalidDataException("a block of logs is shorter than it says");
            }

            if (Decompressors.Count < KeptContexts)
            {
                Decompressors.Add(decompressor);
            }
            else
            {
                decompressor.Dispose();
            }
        }
        catch (ZstdException wrong)
        {
            throw new InvalidDataException($"no zstd frame: {wrong.Message}", wrong);
        }
    }

    /// <summary>
    /// Throws <see cref="InvalidDataException"/> for what is no frame, or one that says to hold more than so much.
    /// </summary>
    public static byte[] Decompress(ReadOnlySpan<byte> frame, int maxBytes)
    {
        var data = new byte[SizeOf(frame, maxBytes)];
        Decompress(frame, data);
        return data;
    }
}
