using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Queries;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Logs;

/// <summary>What a request for lines asks, read from its parameters.</summary>
/// <param name="Query">The search.</param>
/// <param name="Around">The line whose neighbours are wanted; null for a search.</param>
/// <param name="Context">How many neighbours on each side.</param>
internal sealed record LogLinesQuery(LogQuery Query, LogCursor? Around, int Context)
{
    public const int DefaultLimit = 100;
    public const int MaxLimit = 1000;
    public const int DefaultContext = 10;

    /// <summary>The request's search, or the 400 that says what is wrong with it.</summary>
    public static Outcome<LogLinesQuery> Read(HttpContext context, RequestInfo request, DateTimeOffset now)
    {
        var parameters = new QueryReader(context.Request.Query);
        if (LogQueryText.Read(parameters.Text("query"), out var terms) is { } complaint)
        {
            return StatusErrors.BadRequest($"query: {complaint}");
        }

        var labels = LabelSelector.Parse(parameters.OptionalText("labelSelector"));
        if (!labels.Succeeded)
        {
            return labels.Error;
        }

        if (ReadSeverity(parameters.Text("level")) is not { } severity)
        {
            return StatusErrors.BadRequest("level: one of debug, info, warning, error and fatal");
        }

        if (parameters.Text("order") is not ("" or "newest" or "oldest") and var order)
        {
            return StatusErrors.BadRequest($"order: newest or oldest, not {GoText.Quote(order)}");
        }

        if (ReadOrigins(parameters.Text("source")) is not { } origins)
        {
            return StatusErrors.BadRequest("source: programs or events; both unless told");
        }

        var workload = parameters.Text("workload").Split('/', 2);
        var query = new LogQuery
        {
            Streams = new StreamFilter
            {
                Namespace = request.Namespace,
                Pod = parameters.Text("pod"),
                Container = parameters.Text("container"),
                Node = parameters.Text("node"),
                WorkloadKind = workload.Length == 2 ? workload[0].ToLowerInvariant() : "",
                Workload = workload[^1],
                Labels = labels.Value.IsEverything ? null : labels.Value.Matches,
            },
            Origins = origins,
            Lines = new LineFilter(terms, severity),
            OldestFirst = parameters.Text("order") == "oldest",
            Limit = Bounded(parameters.Number("limit"), DefaultLimit, MaxLimit),
        };
        var read = ReadPlaces(parameters, query, now);
        return parameters.Refusal ?? read;
    }

    /// <summary>Times and places of lines.</summary>
    private static Outcome<LogLinesQuery> ReadPlaces(QueryReader parameters, LogQuery query, DateTimeOffset now)
    {
        var from = Ago(parameters.Number("sinceSeconds"), now) ?? long.MinValue;

        if (parameters.OptionalText("sinceTime") is { Length: > 0 } since && !LogTime.TryParse(since, out from))
        {
            return StatusErrors.BadRequest($"sinceTime: no RFC 3339 time: {GoText.Quote(since)}");
        }

        var to = Ago(parameters.Number("untilSeconds"), now) ?? long.MaxValue;
        if (parameters.OptionalText("untilTime") is { Length: > 0 } until && !LogTime.TryParse(until, out to))
        {
            return StatusErrors.BadRequest($"untilTime: no RFC 3339 time: {GoText.Quote(until)}");
        }

        if (!TryCursor(parameters, "continue", out var after) || !TryCursor(parameters, "around", out var around))
        {
            return StatusErrors.BadRequest("continue and around: a place that an answer of this server has named");
        }

        return new LogLinesQuery(
            query with { From = from, To = to, After = after },
            around,
            Bounded(parameters.Number("context"), DefaultContext, MaxLimit / 2));
    }

    /// <summary>So many seconds before now; null where none are said.</summary>
    private static long? Ago(long? seconds, DateTimeOffset now) => seconds is { } known
        ? LogTime.Of(now) - (Math.Clamp(known, 0, 1L << 32) * 1_000_000_000)
        : null;

    private static bool TryCursor(QueryReader parameters, string name, out LogCursor? cursor)
    {
        cursor = null;
        if (parameters.OptionalText(name) is not { Length: > 0 } text)
        {
            return true;
        }

        var isRead = LogCursor.TryParse(text, out var read);
        cursor = isRead ? read : null;
        return isRead;
    }

    private static LogOrigins? ReadOrigins(string text) => text switch
    {
        "" => LogOrigins.All,
        "programs" => LogOrigins.Programs,
        "events" => LogOrigins.Events,
        _ => null,
    };

    private static Severity? ReadSeverity(string text)
    {
        var found = SeverityDetector.Parse(System.Text.Encoding.UTF8.GetBytes(text));
        return text.Length > 0 && found == Severity.None ? null : found;
    }

    private static int Bounded(long? asked, int usual, int most) =>
        asked is > 0 ? (int)Math.Min(asked.Value, most) : usual;
}
