using OrleansOrchestrator.Grains.Kernel;
using System.CommandLine;
using OrleansOrchestrator.Silo.Commands;
using OrleansOrchestrator.Silo.Hosting;
using Spectre.Console;

var root = new RootCommand("Kubernetes on Orleans and PostgreSQL.")
{
    UpCommand.Create(),
    DownCommand.CreateDown(),
    DownCommand.CreateReset(),
    DownCommand.CreateStatus(),
    ImageCommand.Create(),
    SiloCommand.Create(),
};

if (Console.IsOutputRedirected)
{
    // Whoever reads a log or greps wants whole lines.
    AnsiConsole.Profile.Width = 1000;
}

try
{
    return await root.Parse(args).InvokeAsync(
        new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromMinutes(1) });
}
catch (Exception error) when (error is UserErrorException or StoreVersionException)
{
    await Console.Error.WriteLineAsync($"orc: {error.Message}");
    return 1;
}
