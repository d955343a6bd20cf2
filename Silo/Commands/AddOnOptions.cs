using System.CommandLine;
using OrleansOrchestrator.Grains.Logs;
using OrleansOrchestrator.Grains.Metrics;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>The options that leave out what is on unless told otherwise.</summary>
internal sealed class AddOnOptions
{
    private const long Megabyte = 1024 * 1024;
    private const int LeastMegabytes = 16;
    private const int MaxDays = 3650;

    private readonly Option<bool> _logs = Switch(
        KeptOptions.Logs,
        "Keep and search the lines of containers, Events and the cluster's own log; false collects none, and what is "
            + "kept stays.");
    private readonly Option<bool> _metrics = Switch(
        "--metrics",
        "Ask nodes for what is used, serve metrics.k8s.io and keep its history; false leaves that to a metrics-server "
            + "of your own.");
    private readonly Option<bool> _dashboard = Switch("--dashboard", "Serve the dashboard.");

    private readonly Option<bool> _orleans = new("--orleans-dashboard")
    {
        Description = "Serve Orleans' dashboard of grains and silos at /orleans/, to who may get that path; every call "
            + "of a grain is counted then.",
    };

    private readonly Option<int> _logDays = CommonOptions.Number(
        "--logs-days", "Days for which lines are kept.", (int)new LogStoreOptions().Retention.TotalDays, 1, MaxDays);
    private readonly Option<int> _logMegabytes = CommonOptions.Number(
        "--logs-megabytes", "How much of them, as they are stored; above it the oldest go.",
        (int)(new LogStoreOptions().MaxBytes / Megabyte), LeastMegabytes, int.MaxValue);
    private readonly Option<int> _metricDays = CommonOptions.Number(
        "--metrics-days", "Days for which what was used is kept; points of 15 seconds and of a minute go sooner.",
        (int)new UsageRetention().Kept.TotalDays, 1, MaxDays);
    private readonly Option<int> _metricMegabytes = CommonOptions.Number(
        "--metrics-megabytes", "How much of it; above it the oldest of the finest points go.",
        (int)(new UsageRetention().MaxBytes / Megabyte), LeastMegabytes, int.MaxValue);

    public IEnumerable<Option> All =>
    [
        _logs, _logDays, _logMegabytes, _metrics, _metricDays, _metricMegabytes, _dashboard, _orleans,
    ];

    public AddOnSettings Read(ParseResult parsed) => new()
    {
        Logs = parsed.GetValue(_logs), Metrics = parsed.GetValue(_metrics), Dashboard = parsed.GetValue(_dashboard),
        OrleansDashboard = parsed.GetValue(_orleans),
        LogRetention = new LogStoreOptions
        {
            Retention = TimeSpan.FromDays(parsed.GetValue(_logDays)),
            MaxBytes = parsed.GetValue(_logMegabytes) * Megabyte,
        },
        UsageRetention = new UsageRetention
        {
            Kept = TimeSpan.FromDays(parsed.GetValue(_metricDays)),
            MaxBytes = parsed.GetValue(_metricMegabytes) * Megabyte,
        },
    };

    private static Option<bool> Switch(string name, string description) =>
        new(name) { Description = description, DefaultValueFactory = static _ => true };
}
