using System.Security.Cryptography;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>A block of PEM.</summary>
/// <param name="Label">What it says that it is: <c>CERTIFICATE</c>.</param>
/// <param name="Bytes">What it holds.</param>
/// <param name="End">Where it ends in its text, without the end of the line.</param>
public readonly record struct PemBlock(string Label, byte[] Bytes, int End)
{
    private const string BeginMark = "-----BEGIN ";
    private const string EndMark = "-----END ";
    private const string Dashes = "-----";

    /// <summary>
    /// The first block from a place on; null when there is none. As in Go, the end of a block is looked for first, and
    /// its beginning is the last before that: .NET alone looks from each beginning for an end, which of a text of many
    /// beginnings takes the square of its length.
    /// </summary>
    public static PemBlock? Find(string text, int from = 0)
    {
        while (text.IndexOf(EndMark, from, StringComparison.Ordinal) is var end and >= 0)
        {
            var begin = text.AsSpan(from, end - from).LastIndexOf(BeginMark);
            var label = end + EndMark.Length;
            if (begin >= 0 && StartsLine(text, from + begin) && StartsLine(text, end)
                && Read(text, from + begin, label) is { } block)
            {
                return block;
            }

            from = label;
        }

        return null;
    }

    private static bool StartsLine(string text, int place) => place == 0 || text[place - 1] == '\n';

    /// <summary>The block that begins and ends here; null when it is none.</summary>
    private static PemBlock? Read(string text, int begin, int endLabel)
    {
        var dashes = text.IndexOf(Dashes, endLabel, StringComparison.Ordinal);
        if (dashes < 0)
        {
            return null;
        }

        var whole = text.AsSpan(begin..(dashes + Dashes.Length));
        return PemEncoding.TryFind(whole, out var found)
            ? new PemBlock(
                whole[found.Label].ToString(), Convert.FromBase64String(whole[found.Base64Data].ToString()),
                begin + found.Location.End.Value)
            : null;
    }
}
