using System.CommandLine;
using System.Globalization;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>Which lines of the central logs are asked for.</summary>
internal sealed class LogQueryOptions
{
    private readonly Argument<string[]> _query = new("query")
    {
        Description = "What lines must have, in quotes where it has a minus or blanks in it: " +
            "'timeout -retry status=500 /took [0-9]{4,}ms/'. Nothing finds all.",
        Arity = ArgumentArity.ZeroOrMore,
    };
    private readonly Option<string?> _namespace =
        CommonOptions.MaybeText("--namespace", "Of one namespace. Default: of all.");
    private readonly Option<string?> _pod = CommonOptions.MaybeText("--pod", "Of one pod.");
    private readonly Option<string?> _container =
        CommonOptions.MaybeText("--container", "Of containers of that name.");
    private readonly Option<string?> _workload = CommonOptions.MaybeText(
        "--workload", "Of pods of a workload: deployment/web, or just its name.");
    private readonly Option<string?> _node = CommonOptions.MaybeText("--node", "Of pods that ran on a node.");
    private readonly Option<string?> _selector =
        CommonOptions.MaybeText("--selector", "Of pods with these labels, such as app=web.");
    private readonly Option<string?> _level =
        CommonOptions.MaybeText("--level", "As bad at least: debug, info, warning, error or fatal.");
    private readonly Option<string?> _source =
        CommonOptions.MaybeText("--source", "programs or events. Default: both.");
    private readonly Option<string?> _since =
        CommonOptions.MaybeText("--since", "Not older than, such as 15m, 1h or 48h.");
    private readonly Option<string?> _until =
        CommonOptions.MaybeText("--until", "Not newer than, such as 5m: what is less than 5 minutes old is left out.");

    public LogQueryOptions()
    {
        _namespace.Aliases.Add("-n");
        _container.Aliases.Add("-c");
        _selector.Aliases.Add("-l");
    }

    public void AddTo(Command command)
    {
        command.Add(_query);
        foreach (var option in (Option<string?>[])
            [_namespace, _pod, _container, _workload, _node, _selector, _level, _source, _since, _until])
        {
            command.Add(option);
        }
    }

    /// <summary>The namespace that is searched; empty for all.</summary>
    public string Namespace(ParseResult parsed) => parsed.GetValue(_namespace) ?? "";

    /// <summary>The question as the API is asked it.</summary>
    public LogReaderQuery Read(ParseResult parsed) => new(Namespace(parsed))
    {
        ["query"] = string.Join(' ', parsed.GetValue(_query) ?? []),
        ["pod"] = parsed.GetValue(_pod),
        ["container"] = parsed.GetValue(_container),
        ["workload"] = parsed.GetValue(_workload),
        ["node"] = parsed.GetValue(_node),
        ["labelSelector"] = parsed.GetValue(_selector),
        ["level"] = parsed.GetValue(_level),
        ["source"] = parsed.GetValue(_source),
        ["sinceSeconds"] = Seconds(parsed, _since),
        ["untilSeconds"] = Seconds(parsed, _until),
    };

    /// <summary>Whether lines that are still to come are left out.</summary>
    public bool HasEnd(ParseResult parsed) => parsed.GetValue(_until) is not null;

    private static string? Seconds(ParseResult parsed, Option<string?> option)
    {
        if (parsed.GetValue(option) is not { } text)
        {
            return null;
        }

        var complaint = GoDuration.Read(text, out var duration);
        return complaint is null && duration > TimeSpan.Zero
            ? ((long)Math.Ceiling(duration.TotalSeconds)).ToString(CultureInfo.InvariantCulture)
            : throw new UserErrorException($"{option.Name} is no time above 0, such as 15m or 1h: '{text}'.");
    }
}
