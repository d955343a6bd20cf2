using System.CommandLine;
using OrleansOrchestrator.Silo.Hosting;
using Spectre.Console;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary><c>orc image</c>: images for the node of this machine, without a registry.</summary>
internal static class ImageCommand
{
    public static Command Create()
    {
        var data = CommonOptions.DataDirectory();
        data.Recursive = true;
        return new Command("image", "Images of the node on this machine.") { data, CreateLoad(data), CreateDemo(data) };
    }

    private static Command CreateLoad(Option<string> data)
    {
        var archive = new Argument<string>("FILE.tar") { Description = "OCI layout or 'docker save' archive." };
        var command = new Command("load", "Import an image archive; prints the images' names.") { archive };
        command.SetAction((parsed, cancellationToken) =>
        {
            var file = Path.GetFullPath(parsed.GetValue(archive)!);
            return File.Exists(file)
                ? RunAsync(parsed.GetValue(data)!, ["load-image", file], cancellationToken)
                : throw new UserErrorException($"There is no file {file}.");
        });
        return command;
    }

    private static Command CreateDemo(Option<string> data)
    {
        var command =
            new Command("demo", "Build the demo image from Debian's busybox-static and import it; needs no registry.");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var busybox = new RequiredProgram("busybox", "busybox-static", "the content of the demo image");
            await PackageInstaller.InstallAsync(
                PackageInstaller.Missing([busybox]), yes: true, AnsiConsole.Console, cancellationToken);
            return await RunAsync(parsed.GetValue(data)!, ["load-demo-image"], cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(string root, string[] arguments, CancellationToken cancellationToken)
    {
        var directory = DataDirectory.OpenExisting(root);
        Console.WriteLine(await NodeAgentProgram.RequireAsync(
            directory, MachineShare.Of(directory), arguments, cancellationToken));
        return 0;
    }
}
