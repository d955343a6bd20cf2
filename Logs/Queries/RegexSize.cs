using System.Buffers;

namespace OrleansOrchestrator.Logs.Queries;

/// <summary>
/// How much a regular expression stands for: its characters, each as often as counts say that it may be there, those
/// around it included. So much is held in memory and looked at for each character of a line.
/// </summary>
internal static class RegexSize
{
    /// <summary>A query itself has a fifth of it at most.</summary>
    public const int Max = 10_000;

    private static readonly SearchValues<char> Options = SearchValues.Create("imnsx-");

    /// <summary>Says what is wrong; null when nothing is.</summary>
    public static string? Complaint(string pattern) =>
        Of(pattern) is not { } size ? "comments and the option x are not taken"
        : size > Max ? $"its counts make it as long as {Max} characters"
        : null;

    /// <summary>The size, or some size above the largest; null where blanks or comments would hide it.</summary>
    public static long? Of(string pattern)
    {
        var around = new Stack<long>();
        var size = 0L;
        for (var at = 0; at < pattern.Length;)
        {
            var (start, length) = (at, 1L);
            switch (pattern[at++])
            {
                case '(' when HidesSize(pattern.AsSpan(at)):
                    return null;
                case '(':
                    around.Push(size);
                    size = 1;
                    continue;
                case '|':
                    size++;
                    continue;
                case ')' when around.TryPop(out var outer):
                    (size, length) = (outer, size);
                    break;
                case ')':
                    continue; // it closes nothing, which the expression itself refuses
                default:
                    length = RegexAtom.Read(pattern, start, isEitherCase: false).Length;
                    at = start + (int)length;
                    break;
            }

            size = Math.Min(size + (length * RegexRepeat.Read(pattern, ref at).MostCounted), Max + 1);
        }

        return size;
    }

    /// <summary>A comment or a blank between a part and its count.</summary>
    private static bool HidesSize(ReadOnlySpan<char> inside)
    {
        if (inside is not ['?', ..])
        {
            return false;
        }

        var options = inside[1..];
        var end = options.IndexOfAnyExcept(Options);
        return options is ['#', ..] || (end < 0 ? options : options[..end]).Contains('x');
    }
}
