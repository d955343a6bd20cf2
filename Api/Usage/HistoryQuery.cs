using System.Globalization;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Metrics;

namespace OrleansOrchestrator.Api.Usage;

/// <summary>How series of an answer are put together.</summary>
internal enum HistoryGroup
{
    /// <summary>As they are measured.</summary>
    Container,
    Pod,
    Owner,
    Namespace,
    Node,
}

/// <summary>What a request for the past asks, by its query.</summary>
/// <param name="Of">Which series.</param>
/// <param name="By">How they are put together.</param>
/// <param name="Top">Only so many, those that used the most; null for all.</param>
/// <param name="TopBy">Of what.</param>
internal sealed record HistoryQuery(UsageQuery Of, HistoryGroup By, int? Top, UsageMetric TopBy)
{
    private const int MaxPoints = 2000;

    /// <summary>Ten years.</summary>
    private const double MaxSeconds = 3650 * 86_400d;

    /// <summary>Some 300 points, as many as a chart shows.</summary>
    private const int UsualPoints = 300;

    private static readonly TimeSpan[] Steps =
    [
        TimeSpan.FromSeconds(UsageRound.PeriodSeconds), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5),
        TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30), TimeSpan.FromHours(1), TimeSpan.FromHours(6),
        TimeSpan.FromDays(1),
    ];

    /// <summary>Whether a request asks for the past.</summary>
    public static bool IsIn(IQueryCollection query) => new QueryReader(query).Has("start");

    /// <summary>Reads a query; what is wrong is told by its name.</summary>
    public static Outcome<HistoryQuery> Read(
        IQueryCollection query, RequestInfo request, bool ofNodes, DateTimeOffset now)
    {
        var reader = new QueryReader(query);
        var start = TimeOf(reader.Text("start"), now);
        var end = TimeOf(Given(reader.Text("end")) ?? "now", now);
        if (start is null || end is null || start >= end)
        {
            return StatusErrors.BadRequest(
                "start and end must be times (2026-01-02T15:04:05Z) or ago (-6h), start before end");
        }

        var step = StepOf(reader.Text("step"), end.Value - start.Value);
        if (step is null)
        {
            return StatusErrors.BadRequest(
                $"step must be one of 15s, 1m, 5m, 10m, 30m, 1h, 6h and 24h, and give at most {MaxPoints} points");
        }

        var by = ofNodes ? HistoryGroup.Container : HistoryGroup.Pod;
        if (reader.OptionalText("by") is { } named && !TryRead(named, out by))
        {
            return StatusErrors.BadRequest("by must be container, pod, owner, namespace or node");
        }

        var metric = UsageMetric.Cpu;
        if (reader.OptionalText("topBy") is { } of && !TryRead(of, out metric))
        {
            return StatusErrors.BadRequest($"topBy must be one of {string.Join(", ", Enum.GetNames<UsageMetric>())}");
        }

        int? top = int.TryParse(reader.Text("top"), CultureInfo.InvariantCulture, out var count) && count > 0
            ? count
            : null;
        return new HistoryQuery(
            new UsageQuery
            {
                Start = start.Value,
                End = end.Value,
                Step = step.Value,
                Namespace = ofNodes ? "" : request.Namespace.Length > 0 ? request.Namespace : null,
                Name = request.Name.Length > 0 ? request.Name : null,
                Node = Given(reader.Text("node")),
                Owner = Given(reader.Text("owner")),
            },
            by,
            top,
            metric);
    }

    private static bool TryRead<T>(string text, out T value)
        where T : struct, Enum => Enum.TryParse(text, ignoreCase: true, out value) && Enum.IsDefined(value);

    private static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static TimeSpan? StepOf(string text, TimeSpan span) => text.Length == 0
        ? Steps.FirstOrDefault(s => span / s <= UsualPoints, Steps[^1])
        : SpanOf(text) is { } step && Array.IndexOf(Steps, step) >= 0 && span / step <= MaxPoints ? step : null;

    private static DateTimeOffset? TimeOf(string? text, DateTimeOffset now) => text switch
    {
        "now" => now,
        ['-', .. var ago] => SpanOf(ago) is { } span ? now - span : null,
        _ => DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var time)
                ? time
                : null,
    };

    private static TimeSpan? SpanOf(string text)
    {
        var unit = text.Length > 1 ? text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86400, _ => 0 } : 0;
        return unit > 0
            && int.TryParse(text.AsSpan()[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number > 0
            && (double)number * unit <= MaxSeconds
                ? TimeSpan.FromSeconds((double)number * unit)
                : null;
    }
}
