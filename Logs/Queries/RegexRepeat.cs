using System.Globalization;

namespace OrleansOrchestrator.Logs.Queries;

/// <summary>How often what stands before it is there.</summary>
/// <param name="Least">So often at least.</param>
/// <param name="Most">And so often at most; null for any number.</param>
internal readonly record struct RegexRepeat(int Least, int? Most)
{
    /// <summary>Neither less nor more often.</summary>
    public bool IsExact => Least == Most;

    /// <summary>How often it is written out, in effect, where a count is: any number comes back to itself.</summary>
    public int MostCounted => Math.Max(Most ?? Least, 1);

    /// <summary>Reads what stands at a place; where there is nothing of the sort, it is once.</summary>
    public static RegexRepeat Read(string pattern, ref int at)
    {
        if (at >= pattern.Length)
        {
            return new RegexRepeat(1, 1);
        }

        var (repeat, length) = pattern[at] switch
        {
            '*' => (new RegexRepeat(0, null), 1),
            '?' => (new RegexRepeat(0, 1), 1),
            '+' => (new RegexRepeat(1, null), 1),
            '{' => Braces(pattern.AsSpan(at)),
            _ => (new RegexRepeat(1, 1), 0),
        };
        at += length;

        // As seldom as possible is as often at least.
        at += length > 0 && at < pattern.Length && pattern[at] == '?' ? 1 : 0;
        return repeat;
    }

    /// <summary>A brace that is not followed by numbers and its end stands for itself.</summary>
    private static (RegexRepeat Repeat, int Length) Braces(ReadOnlySpan<char> text)
    {
        var once = (new RegexRepeat(1, 1), 0);
        var end = text.IndexOf('}');
        if (end < 0)
        {
            return once;
        }

        var numbers = text[1..end];
        var comma = numbers.IndexOf(',');
        var least = comma < 0 ? numbers : numbers[..comma];
        var most = comma < 0 ? least : numbers[(comma + 1)..];
        if (!IsNumber(least, out var fewest) || !(IsNumber(most, out var largest) || (comma >= 0 && most.IsEmpty)))
        {
            return once;
        }

        return (new RegexRepeat(fewest, most.IsEmpty ? null : largest), end + 1);
    }

    /// <summary>What is too large for a number, the expression itself refuses.</summary>
    private static bool IsNumber(ReadOnlySpan<char> text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
