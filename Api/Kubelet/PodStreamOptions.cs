using System.Globalization;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>
/// Reads the queries of exec, attach and port-forward as upstream's options, and writes them with the names that nodes
/// know.
/// </summary>
internal static class PodStreamOptions
{
    private static readonly (string Name, string Node)[] Flags =
        [("stdin", "input"), ("stdout", "output"), ("stderr", "error"), ("tty", "tty")];

    /// <summary>The node's query for an exec (with the command) or an attach (which has none).</summary>
    public static QueryString Command(IQueryCollection query, bool isExec)
    {
        var reader = new QueryReader(query);
        var passed = new QueryString();
        foreach (var (name, node) in Flags)
        {
            passed = reader.Flag(name) ? passed.Add(node, "1") : passed;
        }

        return isExec ? reader.All("command").Aggregate(passed, (q, part) => q.Add("command", part ?? "")) : passed;
    }

    /// <summary>The node's query for a port-forward.</summary>
    public static Outcome<QueryString> Ports(IQueryCollection query)
    {
        var reader = new QueryReader(query);
        var ports = reader.Ports("ports");
        if (reader.Refusal is { } refusal)
        {
            return refusal;
        }

        var text = string.Join(',', ports.Select(p => p.ToString(CultureInfo.InvariantCulture)));
        return ports.Count == 0 ? new QueryString() : QueryString.Create("port", text);
    }
}
