using System.Globalization;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Connections;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>
/// Reads the queries of exec, attach and port-forward as upstream's options, and writes them with the names that nodes
/// know.
/// </summary>
internal static class PodStreamOptions
{
    /// <summary>What a query asks for; the refusal of one that cannot be read.</summary>
    public static Outcome<ConnectOptions> Read(string subresource, IQueryCollection query)
    {
        var reader = new QueryReader(query);
        switch (subresource)
        {
            case "exec":
                return Streams(
                    reader, new PodExecOptions { Command = [.. reader.All("command").Select(static c => c ?? "")] });
            case "attach":
                return Streams(reader, new PodAttachOptions());
            default:
                var ports = reader.Ports("ports");
                return reader.Refusal is { } refusal ? refusal : new PodPortForwardOptions { Ports = [.. ports] };
        }
    }

    /// <summary>The node's query.</summary>
    public static QueryString ForNode(ConnectOptions options) => options switch
    {
        PodPortForwardOptions { Ports: { Count: > 0 } ports } => QueryString.Create(
            "port", string.Join(',', ports.Select(static p => p.ToString(CultureInfo.InvariantCulture)))),
        PodExecOptions exec => (exec.Command ?? []).Aggregate(
            ForStreams(exec), static (query, part) => query.Add("command", part)),
        PodAttachOptions attach => ForStreams(attach),
        _ => default,
    };

    private static PodAttachOptions Streams(QueryReader reader, PodAttachOptions options)
    {
        (options.Stdin, options.Stdout) = (reader.Flag("stdin"), reader.Flag("stdout"));
        (options.Stderr, options.Tty) = (reader.Flag("stderr"), reader.Flag("tty"));
        options.Container = reader.OptionalText("container");
        return options;
    }

    private static QueryString ForStreams(PodAttachOptions options)
    {
        (string Name, bool IsWanted)[] flags =
        [
            ("input", options.Stdin), ("output", options.Stdout), ("error", options.Stderr), ("tty", options.Tty),
        ];
        return flags.Where(static f => f.IsWanted).Aggregate(
            default(QueryString), static (query, flag) => query.Add(flag.Name, "1"));
    }
}
