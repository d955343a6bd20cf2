using System.CommandLine;
using OrleansOrchestrator.Machine;
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
            var root = parsed.GetRequiredValue(data);
            var cluster = Open(root);
            var ran = cluster.HasRunningPart;
            await cluster.StopFromOutsideAsync(cancellationToken);
            AnsiConsole.WriteLine(
                $"{(ran ? "Stopped." : "Nothing of this cluster ran.")} "
                    + $"'{DataDirectory.CommandFor("up", root)}' resumes it.");
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
            if (!Path.Exists(root))
            {
                AnsiConsole.WriteLine($"There is no cluster in {root}.");
                return 0;
            }

            // Never what somebody else keeps there.
            var cluster = Open(root);
            if (!parsed.GetValue(yes) && AnsiConsole.Console.Profile.Capabilities.Interactive &&
                !await AnsiConsole.ConfirmAsync($"Delete the cluster in {root}, with all of its data?", false, cancellationToken))
            {
                return 1;
            }

            await cluster.StopFromOutsideAsync(cancellationToken);
            RequireNothingMounted(root);
            await cluster.RemoveLogsAsync(cancellationToken);
            DeleteKubeconfig(parsed.GetValue(kubeconfig) ?? cluster.Share.Kubeconfig, root);
            Delete(root);
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
            foreach (var (part, state) in Open(parsed.GetRequiredValue(data)).Describe())
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
        if (MountPoints.Below(RealPath.Of(root)).FirstOrDefault() is { } mounted)
        {
            throw new UserErrorException(
                $"{mounted} is still mounted, so {root} is not deleted: unmount it, then run 'orc reset' again.");
        }
    }

    // Where a link leads there, it goes on leading to a directory.
    private static void Delete(string root)
    {
        var real = RealPath.Of(root);
        Directory.Delete(real, recursive: true);
        if (new DirectoryInfo(root).LinkTarget is not null)
        {
            OwnFiles.MakeDirectory(real, OwnFiles.PrivateDirectory);
        }
    }

    // Another cluster may have written its own there since.
    private static void DeleteKubeconfig(string kubeconfig, string root)
    {
        var authority = Path.Combine(DataDirectory.OpenExisting(root).Pki, "ca.crt");
        if (!File.Exists(kubeconfig)
            || (File.Exists(authority) && !Kubeconfig.IsOf(kubeconfig, File.ReadAllText(authority))))
        {
            return;
        }

        File.Delete(kubeconfig);
    }

    private static LocalCluster Open(string root)
    {
        var directory = DataDirectory.OpenExisting(root);
        return new LocalCluster(new LocalClusterOptions(), MachineShare.Of(directory), directory, TimeProvider.System);
    }
}
