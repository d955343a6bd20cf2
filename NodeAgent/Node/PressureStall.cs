using System.Globalization;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>Shares of time, in percent, and total microseconds in which tasks waited.</summary>
public sealed record StallShare(double Avg10, double Avg60, double Avg300, ulong Total);

/// <summary>A file of the kernel's pressure stall information: some tasks waited, or all of them.</summary>
public sealed record PressureStall(StallShare Some, StallShare Full)
{
    private static readonly StallShare Nothing = new(0, 0, 0, 0);

    /// <summary>Null when the text is not such a file.</summary>
    public static PressureStall? Parse(string? text)
    {
        StallShare? some = null;
        StallShare? full = null;
        foreach (var line in (text ?? "").Split('\n'))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            (some, full) = fields is ["some", ..]
                ? (Share(fields), full)
                : fields is ["full", ..]
                ? (some, Share(fields))
                : (some, full);
        }

        return some is null ? null : new PressureStall(some, full ?? Nothing);
    }

    private static StallShare Share(string[] fields)
    {
        string Field(string name) =>
            fields.FirstOrDefault(f => f.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..] ?? "";
        double Average(string name) =>
            double.TryParse(Field(name), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : 0;
        return new StallShare(
            Average("avg10"), Average("avg60"), Average("avg300"),
            ulong.TryParse(Field("total"), NumberStyles.None, CultureInfo.InvariantCulture, out var total) ? total : 0);
    }
}
