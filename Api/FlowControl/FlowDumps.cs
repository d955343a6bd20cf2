using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>
/// Answers upstream's dumps of levels, queues and requests below <c>/debug</c>: one line each, in columns.
/// </summary>
public sealed class FlowDumps(FlowController flows) : IEndpointHandler
{
    private const string Root = "/debug/api_priority_and_fairness/";

    /// <summary>What Go shows of a time that is not set.</summary>
    private const string NoTime = "0001-01-01T00:00:00Z";

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request)
    {
        if (!request.Path.StartsWith(Root, StringComparison.Ordinal)
            || Rows(request.Path[Root.Length..], context.Request) is not { } rows)
        {
            return false;
        }

        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(Columns(rows), context.RequestAborted);
        return true;
    }

    private IEnumerable<string[]>? Rows(string dump, HttpRequest http) => dump switch
    {
        "dump_priority_levels" => Levels(),
        "dump_queues" => Queues(),
        "dump_requests" => Requests(new QueryReader(http.Query).Text("includeRequestDetails").Length > 0),
        _ => null,
    };

    private IEnumerable<string[]> Levels() => flows.Plan.Levels.Select(static level =>
    {
        var view = level.Queues.View();
        return new[]
        {
            level.Name, Text(view.Queues.Count(static q => q.Waiting.Count > 0)),
            Text(view is { Waiting: 0, Executing: 0 }), Text(level.IsQuiescing), Text(view.Waiting),
            Text(view.Executing), Text(view.Dispatched), Text(view.Rejected), Text(view.TimedOut),
            Text(view.Cancelled),
        };
    }).Prepend(
    [
        "PriorityLevelName", "ActiveQueues", "IsIdle", "IsQuiescing", "WaitingRequests", "ExecutingRequests",
        "DispatchedRequests", "RejectedRequests", "TimedoutRequests", "CancelledRequests",
    ]);

    private IEnumerable<string[]> Queues() => flows.Plan.Levels.SelectMany(static level =>
        level.Queues.View().Queues.Select((queue, index) => new[]
        {
            level.Name, Text(index), Text(queue.Waiting.Count), Text(queue.Executing), Text(queue.SeatsInUse),
            SeatSeconds(queue.NextStart), Text(queue.Waiting.Sum(static w => w.Request.Estimate.Initial)),
            Text(queue.Waiting.Sum(static w => w.Request.Estimate.Seats)), SeatSeconds(queue.Work),
        })).Prepend(
    [
        "PriorityLevelName", "Index", "PendingRequests", "ExecutingRequests", "SeatsInUse", "NextDispatchR",
        "InitialSeatsSum", "MaxSeatsSum", "TotalWorkSum",
    ]);

    private IEnumerable<string[]> Requests(bool details)
    {
        string[] head =
        [
            "PriorityLevelName", "FlowSchemaName", "QueueIndex", "RequestIndexInQueue", "FlowDistingsher",
            "ArriveTime", "InitialSeats", "FinalSeats", "AdditionalLatency", "StartTime",
        ];
        yield return details
            ? [.. head, "UserName", "Verb", "APIPath", "Namespace", "Name", "APIVersion", "Resource", "SubResource"]
            : head;
        foreach (var level in flows.Plan.Levels)
        {
            var view = level.Queues.View();
            var waiting = view.Queues.SelectMany(static q => q.Waiting.Select(static (w, i) => (w, i)));
            foreach (var (request, index) in waiting.Concat(view.Seated.Select(static s => (s, -1))))
            {
                yield return Row(level.Name, request, index, details);
            }
        }
    }

    private static string[] Row(string level, SeatView view, int index, bool details)
    {
        var (flow, distinguisher, estimate, info, user) = view.Request;
        string[] row =
        [
            level, flow?.Stats.Schema ?? "", Text(view.Queue), Text(index), distinguisher, Text(view.Arrived),
            Text(estimate.Initial), Text(estimate.Final), GoDuration.Format(estimate.Lingering),
            view.Started is { } started ? Text(started) : NoTime,
        ];
        return details && info is not null
            ?
            [
                .. row, user?.Name ?? "", info.Verb, info.Path, info.Namespace, info.Name,
                info.Group.Length > 0 ? $"{info.Group}/{info.Version}" : info.Version, info.Resource,
                info.Subresource,
            ]
            : row;
    }

    /// <summary>
    /// Lines up columns as Go's tabwriter does with cells of eight characters or more and one space between.
    /// </summary>
    private static string Columns(IEnumerable<string[]> rows)
    {
        const int MinWidth = 8;
        var all = rows
            .Select(static r => r.Select((cell, i) => i < r.Length - 1 ? cell + "," : cell).ToArray()).ToList();
        var widths = Enumerable.Range(0, all.Max(static r => r.Length) - 1)
            .Select(i => Math.Max(
                MinWidth,
                all.Where(r => i < r.Length - 1).Select(r => new StringInfo(r[i]).LengthInTextElements + 1)
                    .DefaultIfEmpty(0).Max()))
            .ToArray();
        var text = new StringBuilder();
        foreach (var row in all)
        {
            for (var i = 0; i < row.Length - 1; i++)
            {
                text.Append(row[i]).Append(' ', widths[i] - new StringInfo(row[i]).LengthInTextElements);
            }

            text.Append(row[^1]).Append('\n');
        }

        return text.ToString();
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Text(bool flag) => flag ? "true" : "false";

    private static string Text(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    private static string SeatSeconds(double seconds) =>
        seconds.ToString("F8", CultureInfo.InvariantCulture) + "ss";
}
