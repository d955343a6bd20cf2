using System.Text;
using OrleansOrchestrator.Logs.Segments;

namespace OrleansOrchestrator.Logs.Queries;

/// <summary>What stands in a regular expression for one character.</summary>
/// <param name="Sets">For each byte of the character, which it may be; empty when nothing is known of it.</param>
/// <param name="Text">The character, when it stands for itself in whatever case is meant.</param>
/// <param name="MayBeBeyondAscii">True when the character may be one of others, too, all of them beyond ASCII.</param>
/// <param name="Length">Of what stands in the pattern.</param>
internal readonly record struct RegexAtom(ByteSet[] Sets, char? Text, bool MayBeBeyondAscii, int Length)
{
    private const string LongerEscapes = "pPk";

    private static readonly ByteSet NoBreak = ByteSet.Ascii & ~ByteSet.Of((byte)'\n');

    private static readonly ByteSet DigitSet = ByteSet.Range((byte)'0', (byte)'9');

    private static readonly ByteSet WordSet = DigitSet | ByteSet.Of((byte)'_')
        | ByteSet.Range((byte)'A', (byte)'Z') | ByteSet.Range((byte)'a', (byte)'z');

    private static readonly ByteSet SpaceSet = ByteSet.Of(" \t\n\v\f\r"u8);

    /// <summary>
    /// What stands at a place that is neither a bracket of a group nor a bar.
    /// </summary>
    public static RegexAtom Read(string pattern, int at, bool isEitherCase)
    {
        switch (pattern[at])
        {
            case '\\' when at + 1 < pattern.Length:
                return Escaped(pattern, at, isEitherCase);
            case '[':
                return RegexClass.Read(pattern, at, isEitherCase);
            case '.':
                return new RegexAtom([NoBreak], null, MayBeBeyondAscii: true, 1);
            case '^' or '$' or '*' or '+' or '?' or '\\':
                return Unknown(1);
            case >= '\ud800':
                // Halves of characters, and what stands for bytes that are none, are other bytes in a line.
                return Unknown(1);
            case var plain:
                return Itself(plain, isEitherCase, 1);
        }
    }

    public static RegexAtom Unknown(int length) => new([], null, MayBeBeyondAscii: false, length);

    /// <summary>The characters of ASCII that an escape such as \d means; null for one that means none or one.</summary>
    public static ByteSet? OfEscape(char letter) => letter switch
    {
        'd' => DigitSet,
        'D' => ByteSet.Ascii & ~DigitSet,
        'w' => WordSet,
        'W' => ByteSet.Ascii & ~WordSet,
        's' => SpaceSet,
        'S' => ByteSet.Ascii & ~SpaceSet,
        _ => null,
    };

    /// <summary>The character that an escape means; null when that is not one, or one by its number.</summary>
    public static char? CharacterOf(char escaped) => escaped switch
    {
        't' => '\t',
        'n' => '\n',
        'r' => '\r',
        'f' => '\f',
        'v' => '\v',
        'a' => '\a',
        'e' => '\e',
        _ => char.IsAsciiLetterOrDigit(escaped) || escaped >= '\ud800' ? null : escaped,
    };

    /// <summary>
    /// Of escapes that may have more than one letter, all that could belong to them.
    /// </summary>
    private static int LengthOf(string pattern, int at)
    {
        var end = at + 2;
        if (LongerEscapes.Contains(pattern[at + 1], StringComparison.Ordinal) && end < pattern.Length
            && pattern[end] is '{' or '<')
        {
            var close = pattern.AsSpan(end).IndexOfAny('}', '>');
            return close < 0 ? pattern.Length - at : end + close + 1 - at;
        }

        if ("bBAzZG".Contains(pattern[at + 1], StringComparison.Ordinal))
        {
            return 2;
        }

        // Numbers of characters (\x41, \u0041, \cA): up to where letters and digits end, which is too much at worst.
        while (end < pattern.Length && char.IsAsciiLetterOrDigit(pattern[end]))
        {
            end++;
        }

        return end - at;
    }

    private static RegexAtom Escaped(string pattern, int at, bool isEitherCase) =>
        OfEscape(pattern[at + 1]) is { } set ? new RegexAtom([set], null, MayBeBeyondAscii: true, 2)
        : CharacterOf(pattern[at + 1]) is { } character ? Itself(character, isEitherCase, 2)
        : Unknown(LengthOf(pattern, at));

    /// <summary>
    /// Searches know the two cases of ASCII alone; the Kelvin sign is a k, and an i may have a dot above it.
    /// </summary>
    private static RegexAtom Itself(char character, bool isEitherCase, int length)
    {
        if (!isEitherCase)
        {
            Span<byte> bytes = stackalloc byte[4];
            var count = Encoding.UTF8.GetBytes([character], bytes);
            var sets = new ByteSet[count];
            for (var i = 0; i < count; i++)
            {
                sets[i] = ByteSet.Of(bytes[i]);
            }

            return new RegexAtom(sets, character, MayBeBeyondAscii: false, length);
        }

        if (!char.IsAscii(character))
        {
            return Unknown(length);
        }

        var mayBeBeyond = character is 'k' or 'K' or 'i' or 'I';
        return new RegexAtom(
            [ByteSequence.EitherCase((byte)character)], mayBeBeyond ? null : character, mayBeBeyond, length);
    }
}
