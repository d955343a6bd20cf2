using System.Globalization;

namespace OrleansOrchestrator.Logs.Queries;

/// <summary>How often what stands before it is there.</summary>
/// <param name="Least">So often at least.</param>
/// <param name="IsExact">And not more often.</param>
internal readonly record struct RegexRepeat(int Least, bool IsExact)
{
    /// <summary>Reads what stands at a place; where there is nothing of the sort, it is once.</summary>
    public static RegexRepeat Read(string pattern, ref int at)
    {
        if (at >= pattern.Length)
        {
            return new RegexRepeat(1, IsExact: true);
        }

        var (repeat, length) = pattern[at] switch
        {
            '*' or '?' => (new RegexRepeat(0, IsExact: false), 1),
            '+' => (new RegexRepeat(1, IsExact: false), 1),
            '{' => Braces(pattern.AsSpan(at)),
            _ => (new RegexRepeat(1, IsExact: true), 0),
        };
        at += length;

        // As seldom as possible is as often at least.
        at += length > 0 && at < pattern.Length && pattern[at] == '?' ? 1 : 0;
        return repeat;
    }

    /// <summary>A brace that is not followed by numbers and its end stands for itself.</summary>
    private static (RegexRepeat Repeat, int Length) Braces(ReadOnlySpan<char> text)
    {
        var once = (new RegexRepeat(1, IsExact: true), 0);
        var end = text.IndexOf('}');
        if (end < 0)
        {
            return once;
        }

        var numbers = text[1..end];
        var comma = numbers.IndexOf(',');
        var least = comma < 0 ? numbers : numbers[..comma];
        var most = comma < 0 ? least : numbers[(comma + 1)..];
        if (!IsNumber(least) || !(IsNumber(most) || (comma >= 0 && most.IsEmpty)))
        {
            return once;
        }

        return (new RegexRepeat(int.Parse(least, CultureInfo.InvariantCulture), least.SequenceEqual(most)), end + 1);
    }

    /// <summary>What is too large for a number, the expression itself refuses.</summary>
    private static bool IsNumber(ReadOnlySpan<char> text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);
}
