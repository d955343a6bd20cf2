using OrleansOrchestrator.Logs.Segments;

namespace OrleansOrchestrator.Logs.Queries;

/// <summary>Reads a class of characters of a regular expression, such as <c>[a-f0-9]</c>.</summary>
internal static class RegexClass
{
    /// <summary>The class that begins at a place; one that is not understood has unknown characters.</summary>
    public static RegexAtom Read(string pattern, int at, bool isEitherCase)
    {
        var length = LengthOf(pattern, at);
        var inside = pattern.AsSpan(at, length);
        if (inside.Length < 3 || inside[^1] != ']' || inside.Contains("-[", StringComparison.Ordinal))
        {
            return RegexAtom.Unknown(length);
        }

        var isNegated = inside[1] == '^';
        var members = default(ByteSet);
        var hasFurther = false;
        for (var rest = inside[(isNegated ? 2 : 1)..^1]; !rest.IsEmpty;)
        {
            if (!Take(ref rest, isEitherCase, ref members, ref hasFurther))
            {
                return RegexAtom.Unknown(length);
            }
        }

        members = isEitherCase ? InEitherCase(members) : members;
        var set = isNegated ? ByteSet.Ascii & ~members : members;
        return new RegexAtom([set], null, hasFurther || isNegated || isEitherCase, length);
    }

    /// <summary>Takes a character, a range or an escape; false for one that is not known.</summary>
    private static bool Take(
        ref ReadOnlySpan<char> rest, bool isEitherCase, ref ByteSet members, ref bool hasFurther)
    {
        if (rest is ['\\', var letter, ..] && RegexAtom.OfEscape(letter) is { } set)
        {
            rest = rest[2..];
            members |= set;
            hasFurther = true;
            return true;
        }

        if (TakeCharacter(ref rest) is not { } first)
        {
            return false;
        }

        var last = first;
        if (rest is ['-', _, ..])
        {
            rest = rest[1..];
            if (TakeCharacter(ref rest) is not { } end)
            {
                return false;
            }

            last = end;
        }

        const char LastOfAscii = '\x7f';
        hasFurther |= last > LastOfAscii;
        if (first <= LastOfAscii)
        {
            members |= ByteSet.Range((byte)first, (byte)Math.Min(last, LastOfAscii));
        }

        // What is beyond ASCII may have its other case in it.
        return last <= LastOfAscii || !isEitherCase;
    }

    private static char? TakeCharacter(ref ReadOnlySpan<char> rest)
    {
        if (rest is not ['\\', ..])
        {
            var plain = rest[0];
            rest = rest[1..];
            return plain;
        }

        var meant = rest.Length > 1 ? RegexAtom.CharacterOf(rest[1]) : null;
        rest = rest[Math.Min(2, rest.Length)..];
        return meant;
    }

    private static ByteSet InEitherCase(ByteSet members)
    {
        var all = members;
        for (var letter = (byte)'a'; letter <= 'z'; letter++)
        {
            var both = ByteSequence.EitherCase(letter);
            all |= (members & both) == default ? default : both;
        }

        return all;
    }

    private static int LengthOf(string pattern, int at)
    {
        var end = at + 1;
        end += end < pattern.Length && pattern[end] == '^' ? 1 : 0;
        end += end < pattern.Length && pattern[end] == ']' ? 1 : 0;
        for (; end < pattern.Length && pattern[end] != ']'; end++)
        {
            end += pattern[end] == '\\' ? 1 : 0;
        }

        // A class that subtracts another one ends later than it seems: nothing after it is believed.
        return pattern.AsSpan(at, Math.Min(end, pattern.Length) - at).Contains("-[", StringComparison.Ordinal)
            ? pattern.Length - at
            : Math.Min(end + 1, pattern.Length) - at;
    }
}
