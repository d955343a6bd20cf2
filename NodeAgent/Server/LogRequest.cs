using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Primitives;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>What of a container's log is asked for: <c>v1.PodLogOptions</c>.</summary>
public sealed partial record LogRequest
{
    public bool Follow { get; init; }

    public bool Timestamps { get; init; }

    /// <summary>Lines before this moment are left out.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Only the last lines; null for all.</summary>
    public long? TailLines { get; init; }

    /// <summary>End after so many bytes; null for no bound.</summary>
    public long? LimitBytes { get; init; }

    /// <summary><c>Stdout</c>, <c>Stderr</c> or <c>All</c>.</summary>
    public string Stream { get; init; } = "All";

    /// <summary>Reads the query. The API has checked it; what is wrong all the same is not asked for.</summary>
    public static LogRequest Read(IQueryCollection query, DateTimeOffset now) => new()
    {
        Follow = IsTrue(query["follow"]),
        Timestamps = IsTrue(query["timestamps"]),
        Since = SinceOf(query, now),
        TailLines = Number(query["tailLines"]) is { } lines ? Math.Max(0, lines) : null,
        LimitBytes = Number(query["limitBytes"]) is { } bytes ? Math.Max(0, bytes) : null,
        Stream = First(query["stream"]) is { Length: > 0 } stream ? stream : "All",
    };

    /// <summary>What is given is true, unless it says <c>false</c> or <c>0</c>.</summary>
    public static bool IsTrue(StringValues values) =>
        values is [var first, ..] && first != "0" && !"false".Equals(first, StringComparison.OrdinalIgnoreCase);

    private static DateTimeOffset? SinceOf(IQueryCollection query, DateTimeOffset now)
    {
        if (Number(query["sinceSeconds"]) is { } seconds)
        {
            var reach = (now - DateTimeOffset.UnixEpoch).TotalSeconds;
            return seconds > reach ? DateTimeOffset.UnixEpoch : now.AddSeconds(-Math.Max(0, seconds));
        }

        // Cut, as parsing would round: a line of that very moment is wanted.
        return DateTimeOffset.TryParse(
            BeyondTicks().Replace(First(query["sinceTime"]), "$1"), CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal,
            out var moment) ? moment : null;
    }

    [GeneratedRegex(@"(\.\d{7})\d+", RegexOptions.CultureInvariant)]
    private static partial Regex BeyondTicks();

    private static string First(StringValues values) => values is [{ } first, ..] ? first : "";

    private static long? Number(StringValues values) =>
        long.TryParse(First(values), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
