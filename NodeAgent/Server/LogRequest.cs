using System.Globalization;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>What of a container's log is asked for: <c>v1.PodLogOptions</c>.</summary>
public sealed record LogRequest
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
        Follow = StreamChoice.IsTrue(query["follow"]),
        Timestamps = StreamChoice.IsTrue(query["timestamps"]),
        Since = SinceOf(query, now),
        TailLines = Number(query["tailLines"]) is { } lines ? Math.Max(0, lines) : null,
        LimitBytes = Number(query["limitBytes"]) is { } bytes ? Math.Max(0, bytes) : null,
        Stream = query["stream"].ToString() is { Length: > 0 } stream ? stream : "All",
    };

    private static DateTimeOffset? SinceOf(IQueryCollection query, DateTimeOffset now)
    {
        if (Number(query["sinceSeconds"]) is { } seconds)
        {
            var reach = (now - DateTimeOffset.UnixEpoch).TotalSeconds;
            return seconds > reach ? DateTimeOffset.UnixEpoch : now.AddSeconds(-Math.Max(0, seconds));
        }

        return DateTimeOffset.TryParse(
            query["sinceTime"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal,
            out var moment) ? moment : null;
    }

    private static long? Number(string? text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
