using System.CommandLine;
using OrleansOrchestrator.Silo.Hosting;
using Spectre.Console;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary><c>orc down</c>, <c>orc reset</c> and <c>orc status</c>.</summary>
internal static class DownCommand
{
    public static Command CreateDown()
    {
        var data = CommonOptions.DataDirectory();
        var command = new Command("down", "Stop the cluster on this machine; its data stays.") { data };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await Open(Existing(parsed.GetValue(data)!)).StopFromOutsideAsync(cancellationToken);
            AnsiConsole.WriteLine("Stopped. 'orc up' resumes this cluster.");
            return 0;
        });
        return command;
    }

    public static Command CreateReset()
    {
        var data = CommonOptions.DataDirectory();
        var kubeconfig = CommonOptions.Kubeconfig();
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask." };
        var command = new Command(
            "reset", "Stop the cluster on this machine and delete all of its data.") { data, kubeconfig, yes };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var root = Path.GetFullPath(parsed.GetValue(data)!);
            if (!Directory.Exists(root))
            {
                AnsiConsole.WriteLine($"There is no cluster in {root}.");
                return 0;
            }

            // Never what somebody else keeps there.
            Existing(root);
            if (!parsed.GetValue(yes) && AnsiConsole.Console.Profile.Capabilities.Interactive &&
                !await AnsiConsole.ConfirmAsync($"Delete the cluster in {root}, with all of its data?", false, cancellationToken))
            {
                return 1;
            }

            await Open(root).StopFromOutsideAsync(cancellationToken);
            RequireNothingMounted(root);
            Directory.Delete(root, recursive: true);
            File.Delete(parsed.GetValue(kubeconfig)!);
            AnsiConsole.WriteLine($"Deleted {root}.");
            return 0;
        });
        return command;
    }

    public static Command CreateStatus()
    {
        var data = CommonOptions.DataDirectory();
        var command = new Command("status", "Say what of the cluster runs on this machine.") { data };
        command.SetAction(parsed =>
        {
            var table = new Table().AddColumn("part").AddColumn("state").Border(TableBorder.Simple);
            foreach (var (part, state) in Open(Existing(parsed.GetValue(data)!)).Describe())
            {
                table.AddRow(part, state);
            }

            AnsiConsole.Write(table);
            return 0;
        });
        return command;
    }

    // What a pod mounted from elsewhere on this machine would be deleted with the directory.
    private static void RequireNothingMounted(string root)
    {
        const int MountPoint = 4;
        var mounted = File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' ')[MountPoint])
            .FirstOrDefault(point => point.StartsWith(root.TrimEnd('/') + "/", StringComparison.Ordinal));
        if (mounted is not null)
        {
            throw new UserErrorException(
                $"{mounted} is still mounted, so {root} is not deleted: unmount it, then run 'orc reset' again.");
        }
    }

    private static string Existing(string root) => DataDirectory.HoldsCluster(root)
        ? root
        : throw new UserErrorException($"There is no cluster in {Path.GetFullPath(root)}.");

    private static LocalCluster Open(string root) =>
        new(
            new LocalClusterOptions { DataDirectory = root, Kubeconfig = "" },
            DataDirectory.Open(root),
            TimeProvider.System);
}
