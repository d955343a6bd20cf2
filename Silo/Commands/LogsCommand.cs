using System.CommandLine;
using System.Globalization;
using OrleansOrchestrator.Formats;
using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary><c>orc logs</c>: searches the logs that the cluster keeps, and follows them.</summary>
internal static class LogsCommand
{
    private const string Details =
        "Search the logs of all containers, those of pods and nodes that are gone included, and the Events. " +
        "QUERY: words and \"phrases\" that a line must all have, /regular expressions/, field=value of JSON and of " +
        "logfmt lines, each with - in front for lines without it. With the rights of the kubeconfig: " +
        "who may get pods/log of a namespace finds its lines, and its Events who may list those, too.";

    public static Command Create()
    {
        var query = new Argument<string[]>("query")
        {
            Description = "What lines must have, in quotes where it has a minus or blanks in it: " +
                "'timeout -retry status=500 /took [0-9]{4,}ms/'. Nothing finds all.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var data = CommonOptions.DataDirectory();
        var kubeconfig = CommonOptions.MaybeText(
            "--kubeconfig", "With whose rights to search. Default: the admin's of this machine's cluster.");
        var space = CommonOptions.MaybeText("--namespace", "Of one namespace. Default: of all.");
        space.Aliases.Add("-n");
        var pod = CommonOptions.MaybeText("--pod", "Of one pod.");
        var container = CommonOptions.MaybeText("--container", "Of containers of that name.");
        container.Aliases.Add("-c");
        var workload = CommonOptions.MaybeText("--workload",
            "Of pods of a workload: deployment/web, or just its name.");
        var node = CommonOptions.MaybeText("--node", "Of pods that ran on a node.");
        var selector = CommonOptions.MaybeText("--selector", "Of pods with these labels, such as app=web.");
        selector.Aliases.Add("-l");
        var level = CommonOptions.MaybeText("--level", "As bad at least: debug, info, warning, error or fatal.");
        var since = CommonOptions.MaybeText("--since", "Not older than, such as 15m, 1h or 48h.");
        var limit = CommonOptions.Number("--limit", "The newest lines, so many at most; 0 for all.", 100, 0,
            int.MaxValue);
        var source = CommonOptions.MaybeText("--source", "programs or events. Default: both.");
        var context = CommonOptions.Number(
            "--context", "So many lines of the same container before and after each that is found, too.", 0, 0, 500);
        context.Aliases.Add("-C");
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with lines as they come." };
        var json = new Option<bool>("--json")
        {
            Description = "Print each line with all that is known of it, as JSON.",
        };
        var command = new Command("logs", Details)
        {
            query, space, pod, container, workload, node, selector, level, source, since, limit, context, follow,
            json, kubeconfig, data,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var file = parsed.GetValue(kubeconfig)
                ?? MachineShare.Of(Hosting.DataDirectory.OpenExisting(parsed.GetRequiredValue(data))).Kubeconfig;
            var (around, follows) = (parsed.GetValue(context), parsed.GetValue(follow));
            if (around > 0 && follows)
            {
                throw new UserErrorException("--context and --follow: what comes after a line is not there yet.");
            }

            using var reader = new LogReader(file);
            var place = parsed.GetValue(space) ?? "";
            var asked = new LogReaderQuery(place)
            {
                ["query"] = string.Join(' ', parsed.GetValue(query) ?? []),
                ["pod"] = parsed.GetValue(pod),
                ["container"] = parsed.GetValue(container),
                ["workload"] = parsed.GetValue(workload),
                ["node"] = parsed.GetValue(node),
                ["labelSelector"] = parsed.GetValue(selector),
                ["level"] = parsed.GetValue(level),
                ["source"] = parsed.GetValue(source),
                ["sinceSeconds"] = Seconds(parsed.GetValue(since)),
            };
            var print = new LogPrinter(Console.Out, parsed.GetValue(json), hasColors: !Console.IsOutputRedirected);
            var lines = reader.ReadAsync(asked, parsed.GetValue(limit), follows, cancellationToken);
            if (around > 0)
            {
                await PrintAroundAsync(print, reader, place, around, lines, cancellationToken);
            }
            else
            {
                await foreach (var line in lines)
                {
                    print.Write(line);
                }
            }

            if (!print.HasWritten)
            {
                await Console.Error.WriteLineAsync("No line was found.");
            }

            return 0;
        });
        return command;
    }

    /// <summary>
    /// Each line with what stands around it, as grep has it: once, and with a mark where something is left out.
    /// </summary>
    private static async Task PrintAroundAsync(
        LogPrinter print, LogReader reader, string space, int context, IAsyncEnumerable<JsonElement> lines,
        CancellationToken cancellationToken)
    {
        var told = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var line in lines)
        {
            var near = await reader.AroundAsync(space, CursorOf(line), context, cancellationToken);
            if (told.Count > 0 && near.Count > 0 && !told.Contains(CursorOf(near[0])))
            {
                print.WriteGap();
            }

            foreach (var item in near.Where(l => told.Add(CursorOf(l))))
            {
                print.Write(item);
            }
        }
    }

    private static string CursorOf(JsonElement line) => line.GetProperty("cursor").GetString()!;

    private static string? Seconds(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var complaint = GoDuration.Read(text, out var duration);
        return complaint is null && duration > TimeSpan.Zero
            ? ((long)Math.Ceiling(duration.TotalSeconds)).ToString(CultureInfo.InvariantCulture)
            : throw new UserErrorException($"--since is no time above 0, such as 15m or 1h: '{text}'.");
    }
}
