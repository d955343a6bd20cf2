using System.CommandLine;
using System.Text.Json;
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
        var query = new LogQueryOptions();
        var limit = CommonOptions.Number("--limit", "The newest lines, so many at most; 0 for all.", 100, 0,
            int.MaxValue);
        var context = CommonOptions.Number(
            "--context", "So many lines of the same container before and after each that is found, too.", 0, 0, 500);
        context.Aliases.Add("-C");
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with lines as they come." };
        var json = new Option<bool>("--json")
        {
            Description = "Print each line with all that is known of it, as JSON.",
        };
        var kubeconfig = CommonOptions.MaybeText(
            "--kubeconfig", "With whose rights to search. Default: the admin's of this machine's cluster.");
        var data = CommonOptions.DataDirectory();
        var command = new Command("logs", Details);
        query.AddTo(command);
        foreach (var option in (Option[])[limit, context, follow, json, kubeconfig, data])
        {
            command.Add(option);
        }

        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (around, follows) = (parsed.GetValue(context), parsed.GetValue(follow));
            if (around > 0 && follows)
            {
                throw new UserErrorException("--context and --follow: what comes after a line is not there yet.");
            }

            if (follows && query.HasEnd(parsed))
            {
                throw new UserErrorException("--until and --follow: what comes is newer.");
            }

            var file = parsed.GetValue(kubeconfig) ?? MachineShare.KubeconfigOf(parsed.GetRequiredValue(data));
            using var reader = new LogReader(file);
            var print = new LogPrinter(Console.Out, parsed.GetValue(json), hasColors: !Console.IsOutputRedirected);
            var lines = reader.ReadAsync(query.Read(parsed), parsed.GetValue(limit), follows, cancellationToken);
            await PrintAsync(print, reader, query.Namespace(parsed), around, lines, cancellationToken);
            if (!print.HasWritten)
            {
                await Console.Error.WriteLineAsync("No line was found.");
            }

            return 0;
        });
        return command;
    }

    private static async Task PrintAsync(
        LogPrinter print, LogReader reader, string space, int around, IAsyncEnumerable<JsonElement> lines,
        CancellationToken cancellationToken)
    {
        if (around > 0)
        {
            await PrintAroundAsync(print, reader, space, around, lines, cancellationToken);
            return;
        }

        await foreach (var line in lines)
        {
            print.Write(line);
        }
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
}
