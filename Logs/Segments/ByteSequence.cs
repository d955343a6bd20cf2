using System.Text;

namespace OrleansOrchestrator.Logs.Segments;

/// <summary>What stands side by side somewhere in a line: for each place, the bytes of which it is one.</summary>
internal sealed class ByteSequence
{
    /// <summary>Longer ones are hardly rarer.</summary>
    public const int MaxLength = 256;

    private readonly ByteSet[] _sets;

    public ByteSequence(IEnumerable<ByteSet> sets)
    {
        _sets = [.. sets.Take(MaxLength)];
        Rarity = _sets.Sum(static set => RarityOf(set));
    }

    /// <summary>A line that is not all of ASCII.</summary>
    public static ByteSequence BeyondAscii { get; } = new([ByteSet.BeyondAscii]);

    public ReadOnlySpan<ByteSet> Sets => _sets;

    /// <summary>How little a line is likely to have it, in bits.</summary>
    public double Rarity { get; }

    /// <summary>A text, in which ASCII letters count the same in both cases.</summary>
    public static ByteSequence InEitherCase(ReadOnlySpan<byte> text)
    {
        var sets = new List<ByteSet>(Math.Min(text.Length, MaxLength));
        foreach (var value in text[..Math.Min(text.Length, MaxLength)])
        {
            sets.Add(EitherCase(value));
        }

        return new ByteSequence(sets);
    }

    /// <summary>A byte, and when it is a letter of ASCII, that in the other case.</summary>
    public static ByteSet EitherCase(byte value) =>
        char.IsAsciiLetter((char)value) ? ByteSet.Of(value) | ByteSet.Of((byte)(value ^ 0x20)) : ByteSet.Of(value);

    /// <summary>As an expression has it.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var set in _sets)
        {
            var members = Enumerable.Range(0, 256).Where(value => set.Contains((byte)value)).ToList();
            text.Append(members is [var single] ? Name(single) : $"[{Ranges(members)}]");
        }

        return text.ToString();
    }

    private static string Ranges(List<int> members)
    {
        var text = new StringBuilder();
        for (var (start, i) = (0, 1); i <= members.Count; i++)
        {
            if (i == members.Count || members[i] != members[i - 1] + 1)
            {
                var (first, last) = (members[start], members[i - 1]);
                text.Append(Name(first)).Append(last > first + 1 ? "-" : "").Append(last > first ? Name(last) : "");
                start = i;
            }
        }

        return text.ToString();
    }

    private static string Name(int value) => value is >= ' ' and <= '~' ? $"{(char)value}" : $"\\x{value:x2}";

    /// <summary>Lines have many blanks and digits, and hardly anything beyond ASCII.</summary>
    private static double RarityOf(ByteSet set)
    {
        const int Blanks = 24;
        const int Digits = 2;
        const int All = ('~' - ' ') + Blanks + (10 * (Digits - 1));
        var seen = 0;
        for (var value = (byte)' '; value <= '~'; value++)
        {
            seen += !set.Contains(value) ? 0 : value == ' ' ? Blanks : char.IsAsciiDigit((char)value) ? Digits : 1;
        }

        return seen == 0 ? 2 * Math.Log2(All) : Math.Log2((double)All / seen);
    }
}
