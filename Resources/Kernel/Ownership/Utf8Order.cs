namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>The order of Go's strings, which is that of their bytes in UTF-8.</summary>
internal static class Utf8Order
{
    public static int Compare(string left, string right)
    {
        var common = left.AsSpan().CommonPrefixLength(right);
        return common == left.Length || common == right.Length
            ? left.Length - right.Length
            : Rank(left[common]) - Rank(right[common]);
    }

    /// <summary>Half of a surrogate pair stands for a character beyond all that take one unit.</summary>
    private static int Rank(char unit) => char.IsSurrogate(unit) ? unit + char.MaxValue : unit;
}
