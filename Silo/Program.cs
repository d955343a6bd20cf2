using OrleansOrchestrator.Silo.Commands;
using Spectre.Console;

if (Console.IsOutputRedirected)
{
    // Whoever reads a log or greps wants whole lines.
    AnsiConsole.Profile.Width = 1000;
}

return await OrcCommandLine.RunAsync(args, Console.Error);
