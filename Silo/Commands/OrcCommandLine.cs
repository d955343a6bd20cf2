using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>All of <c>orc</c>. What a user can mend is told in one sentence; only a bug shows its stack.</summary>
public static class OrcCommandLine
{
    private const string Name = "orc";

    /// <summary>Runs a command line; returns the exit code, 0 for success.</summary>
    public static async Task<int> RunAsync(string[] arguments, TextWriter errors)
    {
        var root = CreateRoot();
        try
        {
            var parsed = root.Parse(arguments);
            if (arguments.Length > 0 && parsed.Action is ParseErrorAction)
            {
                var wrong = parsed.UnmatchedTokens is [var token, ..]
                    ? UpstreamFlags.Explain(token) ?? $"'{token}' is no command, option or argument of orc's."
                    : parsed.Errors[0].Message;
                throw new UserErrorException($"{wrong} (Add --help for what there is.)");
            }

            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromMinutes(1),
            });
        }
        catch (Exception error) when (Failures.Sentence(error) is { } sentence)
        {
            await errors.WriteLineAsync($"orc: {sentence}");
            return 1;
        }
    }

    /// <summary>All commands.</summary>
    public static RootCommand CreateRoot()
    {
        var root = new RootCommand("Kubernetes on Orleans and PostgreSQL.")
        {
            HelpName = Name,
        };
        root.Options.OfType<HelpOption>().Single().Action = new GroupedHelp(Name);
        foreach (var command in new[]
        {
            UpCommand.Create(),
            DownCommand.CreateDown(),
            DownCommand.CreateReset(),
            DownCommand.CreateStatus(),
            BackupCommand.CreateBackup(),
            BackupCommand.CreateRestore(),
            LogsCommand.Create(),
            DashboardCommand.Create(),
            ImageCommand.Create(),
            SiloCommand.Create(),
            OfTheScript("test", "Run all tests, or those of some projects."),
            OfTheScript("bench", "Measure the cluster that was built here."),
        })
        {
            root.Subcommands.Add(command);
        }

        return root;
    }

    /// <summary>What the script that starts us does itself; here for the help.</summary>
    private static Command OfTheScript(string verb, string description)
    {
        var command = new Command(verb, description) { TreatUnmatchedTokensAsErrors = false };
        command.SetAction(
            int (ParseResult _) => throw new UserErrorException($"./{Name} {verb} does that, in the source tree."));
        return command;
    }
}
