using System.Text;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// A unified diff of lines with three lines of context, as upstream shows what an update changed. The matching is
/// Ratcliff-Obershelp with the popularity heuristic of the difflib family, since another algorithm would cut other
/// hunks and so answer another text. One instance serves one answer: all that it compares together is bounded.
/// </summary>
internal sealed class UnifiedDiff
{
    private const int Context = 3;

    /// <summary>
    /// Pairs of lines that are looked at, for all texts together: the matching takes the cube of their length at worst,
    /// and nobody reads that.
    /// </summary>
    internal const int MaxSteps = 5_000_000;

    /// <summary>Larger texts are not compared.</summary>
    private const int MaxLines = 5000;

    /// <summary>How many pairs may still be looked at.</summary>
    internal int StepsLeft { get; private set; } = MaxSteps;

    /// <summary>Hunks without file names; empty when the texts are equal, or too much work.</summary>
    public string Compare(string left, string right)
    {
        var (a, b) = (SplitLines(left), SplitLines(right));
        if (StepsLeft == 0 || Math.Max(a.Length, b.Length) > MaxLines)
        {
            return "";
        }

        var matcher = new LineMatcher(a, b, StepsLeft);
        var matches = matcher.Matches();
        StepsLeft = matcher.StepsLeft;
        if (StepsLeft == 0)
        {
            return "";
        }

        var groups = Group(OperationsOf(matches));
        var result = new StringBuilder();
        foreach (var group in groups)
        {
            WriteHunk(result, group, a, b);
        }

        return result.ToString();
    }

    private static string[] SplitLines(string text) => [.. text.Split('\n').Select(line => line + "\n")];

    private static void WriteHunk(StringBuilder result, List<Operation> group, string[] a, string[] b)
    {
        var (first, last) = (group[0], group[^1]);
        result.Append("@@ -").Append(Range(first.A1, last.A2)).Append(" +").Append(
            Range(first.B1, last.B2)).Append(" @@\n");
        foreach (var operation in group)
        {
            if (operation.IsEqual)
            {
                Append(result, ' ', a, operation.A1, operation.A2);
            }
            else
            {
                Append(result, '-', a, operation.A1, operation.A2);
                Append(result, '+', b, operation.B1, operation.B2);
            }
        }
    }

    private static void Append(StringBuilder result, char mark, string[] lines, int start, int end)
    {
        for (var i = start; i < end; i++)
        {
            result.Append(mark).Append(lines[i]);
        }
    }

    private static string Range(int start, int end) => (end - start) switch
    {
        1 => $"{start + 1}",
        0 => $"{start},0",
        var length => $"{start + 1},{length}",
    };

    private static List<List<Operation>> Group(List<Operation> operations)
    {
        if (operations.TrueForAll(o => o.IsEqual))
        {
            return [];
        }

        Trim(operations);
        var groups = new List<List<Operation>>();
        var current = new List<Operation>();
        foreach (var operation in operations)
        {
            if (operation.IsEqual && operation.A2 - operation.A1 > 2 * Context)
            {
                current.Add(operation with { A2 = operation.A1 + Context, B2 = operation.B1 + Context });
                groups.Add(current);
                current = [operation with { A1 = operation.A2 - Context, B1 = operation.B2 - Context }];
            }
            else
            {
                current.Add(operation);
            }
        }

        if (current.Count > 1 || !current[0].IsEqual)
        {
            groups.Add(current);
        }

        return groups;
    }

    private static void Trim(List<Operation> operations)
    {
        if (operations[0] is { IsEqual: true } first)
        {
            operations[0] =
                first with { A1 = Math.Max(first.A1, first.A2 - Context), B1 = Math.Max(first.B1, first.B2 - Context) };
        }

        if (operations[^1] is { IsEqual: true } last)
        {
            operations[^1] =
                last with { A2 = Math.Min(last.A2, last.A1 + Context), B2 = Math.Min(last.B2, last.B1 + Context) };
        }
    }

    private static List<Operation> OperationsOf(List<LineMatcher.Block> matches)
    {
        var operations = new List<Operation>();
        var (i, j) = (0, 0);
        foreach (var match in matches)
        {
            if (i < match.A || j < match.B)
            {
                operations.Add(new Operation(false, i, match.A, j, match.B));
            }

            (i, j) = (match.A + match.Length, match.B + match.Length);
            if (match.Length > 0)
            {
                operations.Add(new Operation(true, match.A, i, match.B, j));
            }
        }

        return operations;
    }

    private readonly record struct Operation(bool IsEqual, int A1, int A2, int B1, int B2);
}

/// <summary>Finds the blocks that two line lists share.</summary>
internal sealed class LineMatcher
{
    private const int PopularityThreshold = 200;

    private readonly string[] _a;
    private readonly string[] _b;
    private readonly Dictionary<string, List<int>> _places = new(StringComparer.Ordinal);

    public LineMatcher(string[] a, string[] b, int maxSteps)
    {
        _a = a;
        _b = b;
        StepsLeft = maxSteps;
        for (var i = 0; i < b.Length; i++)
        {
            if (!_places.TryGetValue(b[i], out var places))
            {
                _places[b[i]] = places = [];
            }

            places.Add(i);
        }

        if (b.Length >= PopularityThreshold)
        {
            var limit = (b.Length / 100) + 1;
            foreach (var line in _places.Where(p => p.Value.Count > limit).Select(p => p.Key).ToList())
            {
                _places.Remove(line);
            }
        }
    }

    /// <summary>How many pairs of lines may still be looked at; with 0 of them the blocks found are not all.</summary>
    public int StepsLeft { get; private set; }

    /// <summary>Shared blocks in order, adjacent ones joined, closed by an empty one at the ends.</summary>
    public List<Block> Matches()
    {
        var found = new List<Block>();
        Collect(0, _a.Length, 0, _b.Length, found);
        var joined = new List<Block>();
        var current = new Block(0, 0, 0);
        foreach (var block in found)
        {
            if (current.A + current.Length == block.A && current.B + current.Length == block.B)
            {
                current = current with { Length = current.Length + block.Length };
                continue;
            }

            if (current.Length > 0)
            {
                joined.Add(current);
            }

            current = block;
        }

        if (current.Length > 0)
        {
            joined.Add(current);
        }

        joined.Add(new Block(_a.Length, _b.Length, 0));
        return joined;
    }

    private void Collect(int a1, int a2, int b1, int b2, List<Block> found)
    {
        var match = FindLongest(a1, a2, b1, b2);
        if (match.Length == 0)
        {
            return;
        }

        if (a1 < match.A && b1 < match.B)
        {
            Collect(a1, match.A, b1, match.B, found);
        }

        found.Add(match);
        if (match.A + match.Length < a2 && match.B + match.Length < b2)
        {
            Collect(match.A + match.Length, a2, match.B + match.Length, b2, found);
        }
    }

    private Block FindLongest(int a1, int a2, int b1, int b2)
    {
        var best = new Block(a1, b1, 0);
        var lengths = new Dictionary<int, int>();
        for (var i = a1; i < a2; i++)
        {
            var next = new Dictionary<int, int>();
            var places = _places.GetValueOrDefault(_a[i]) ?? [];
            StepsLeft = Math.Max(0, StepsLeft - 1 - places.Count);
            if (StepsLeft == 0)
            {
                return new Block(a1, b1, 0);
            }

            foreach (var j in places)
            {
                if (j < b1)
                {
                    continue;
                }

                if (j >= b2)
                {
                    break;
                }

                var length = next[j] = lengths.GetValueOrDefault(j - 1) + 1;
                if (length > best.Length)
                {
                    best = new Block(i - length + 1, j - length + 1, length);
                }
            }

            lengths = next;
        }

        return Extend(best, a1, a2, b1, b2);
    }

    /// <summary>Takes in equal neighbours, popular lines included.</summary>
    private Block Extend(Block block, int a1, int a2, int b1, int b2)
    {
        var (a, b, length) = (block.A, block.B, block.Length);
        while (a > a1 && b > b1 && string.Equals(_a[a - 1], _b[b - 1], StringComparison.Ordinal))
        {
            (a, b, length) = (a - 1, b - 1, length + 1);
        }

        while (a + length < a2
            && b + length < b2
            && string.Equals(_a[a + length], _b[b + length], StringComparison.Ordinal))
        {
            length++;
        }

        return new Block(a, b, length);
    }

    public readonly record struct Block(int A, int B, int Length);
}
