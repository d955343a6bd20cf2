using System.CommandLine;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>The options that leave out what is on unless told otherwise.</summary>
internal sealed class AddOnOptions
{
    private readonly Option<bool> _logs = Switch(
        KeptOptions.Logs,
        "Keep and search the lines of containers, Events and the cluster's own log; false collects none, and what is "
            + "kept stays.");
    private readonly Option<bool> _metrics = Switch(
        "--metrics",
        "Ask nodes for what is used, serve metrics.k8s.io and keep its history; false leaves that to a metrics-server "
            + "of your own.");
    private readonly Option<bool> _dashboard = Switch("--dashboard", "Serve the dashboard.");

    public IEnumerable<Option> All => [_logs, _metrics, _dashboard];

    public AddOnSettings Read(ParseResult parsed) => new()
    {
        Logs = parsed.GetValue(_logs), Metrics = parsed.GetValue(_metrics), Dashboard = parsed.GetValue(_dashboard),
    };

    private static Option<bool> Switch(string name, string description) =>
        new(name) { Description = description, DefaultValueFactory = static _ => true };
}
