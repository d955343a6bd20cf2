using System.Globalization;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>Ports from a first to a last one, both included.</summary>
public sealed record PortRange(int First, int Last)
{
    private const int LargestPort = 65535;

    /// <summary>Reads <c>FIRST-LAST</c>; null when it is none.</summary>
    public static PortRange? Parse(string text) =>
        text.Split('-') is [var first, var last] && Number(first) is { } from && Number(last) is { } to && from <= to
            ? new PortRange(from, to)
            : null;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{First}-{Last}");

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && port is > 0 and <= LargestPort
            ? port
            : null;
}
