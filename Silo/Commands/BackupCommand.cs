using System.CommandLine;
using OrleansOrchestrator.Grains.Encryption;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Silo.Hosting;
using Spectre.Console;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary><c>orc backup</c> and <c>orc restore</c>: the whole cluster as a file, and back.</summary>
internal static class BackupCommand
{
    public static Command CreateBackup()
    {
        var file = new Argument<string>("file")
        {
            Description = "Where the backup goes; only you will be able to read it.",
        };
        var data = CommonOptions.DataDirectory();
        var connection = CommonOptions.Connection("Of the cluster in this PostgreSQL (Npgsql's form).");
        var withoutHistory = new Option<bool>("--without-history")
        {
            Description = "Leave out kept logs, figures of use and audit.",
        };
        var command = new Command(
            "backup",
            "Save the cluster, as it is now, into a file; it goes on meanwhile. Keys of encrypted Secrets are not in " +
                "it: keep the data directory's encryption.yaml too, in another place.")
        {
            file, withoutHistory, connection, data,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var path = Path.GetFullPath(parsed.GetRequiredValue(file));
            Task SaveAsync(string store)
            {
                StoreConnectionString.Check(store);
                return new StoreDump(store).WriteAsync(path, !parsed.GetValue(withoutHistory), cancellationToken);
            }

            await (connection.ValueOf(parsed) is { } foreign
                ? SaveAsync(foreign)
                : WithOwnStoreAsync(Existing(parsed.GetRequiredValue(data)), SaveAsync, cancellationToken));
            AnsiConsole.WriteLine($"{path} has the cluster as it was when this began, in {Size(path)}.");
            return 0;
        });
        return command;
    }

    public static Command CreateRestore()
    {
        var file = new Argument<string>("file") { Description = "What 'orc backup' wrote." };
        var data = CommonOptions.DataDirectory();
        var connection = CommonOptions.Connection("Into this PostgreSQL (Npgsql's form), whose database is empty.");
        var command = new Command(
            "restore",
            "Make the cluster that a backup holds, on a machine or in a database that has none; 'orc up' then runs " +
                "it. Revisions move on, so that clients list anew what they had seen after the backup.")
        {
            file, connection, data,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var path = Path.GetFullPath(parsed.GetRequiredValue(file));
            var root = parsed.GetRequiredValue(data);
            if (!File.Exists(path))
            {
                throw new UserErrorException($"{path} does not exist.");
            }

            var foreign = connection.ValueOf(parsed);
            await (foreign is null
                ? RestoreAsync(root, path, cancellationToken)
                : RestoreAsync(foreign, path, directory: null, cancellationToken));
            var with = foreign is null ? "" : ", with the same --connection,";
            AnsiConsole.WriteLine(
                $"Restored {path}. '{DataDirectory.CommandFor("up", root)}'{with} runs the cluster.");
            return 0;
        });
        return command;
    }

    /// <summary>Into a data directory, which is as it was when that fails.</summary>
    private static async Task RestoreAsync(string root, string path, CancellationToken cancellationToken)
    {
        var (wasThere, wasCluster) = (Directory.Exists(root), DataDirectory.HoldsCluster(root));
        var directory = Fresh(root);
        try
        {
            await WithOwnStoreAsync(
                directory, store => RestoreAsync(store, path, directory, cancellationToken), cancellationToken);
        }
        catch (Exception) when (!wasCluster)
        {
            directory.Undo(keepsRoot: wasThere);
            throw;
        }
    }

    private static async Task RestoreAsync(
        string store, string path, DataDirectory? directory, CancellationToken cancellationToken)
    {
        StoreConnectionString.Check(store);
        await new StoreDump(store).ReadAsync(path, cancellationToken);
        if (directory is not null)
        {
            await KeepNetworksAsync(store, directory, cancellationToken);
        }

        await TellOfKeysAsync(store, directory, cancellationToken);
    }

    /// <summary>The objects hold addresses of the saved cluster's networks.</summary>
    private static async Task KeepNetworksAsync(
        string store, DataDirectory directory, CancellationToken cancellationToken)
    {
        if (await StoreNetworks.ReadAsync(store, cancellationToken) is not { } saved)
        {
            return; // an earlier release's backup
        }

        var networks = WantedShare.Of(saved);
        var share = MachineShare.Load(directory) is { } before
            ? networks.Over(before)
            : (await MachineState.ReadAsync(cancellationToken)).ChooseRestored(networks, directory.Root) with
            {
                Kubeconfig = DataDirectory.KubeconfigOf(directory.Root),
            };
        share.Save(directory);
    }

    /// <summary>Works with our own database; one that did not run stops again.</summary>
    private static async Task WithOwnStoreAsync(
        DataDirectory directory, Func<string, Task> work, CancellationToken cancellationToken)
    {
        var postgres = new PrivatePostgres(directory);
        var wasRunning = await postgres.IsRunningAsync(cancellationToken);
        try
        {
            await postgres.StartAsync(cancellationToken);
            await work(postgres.ConnectionString);
        }
        finally
        {
            if (!wasRunning)
            {
                await postgres.StopAsync(CancellationToken.None);
            }
        }
    }

    private static DataDirectory Existing(string root)
    {
        var directory = DataDirectory.OpenExisting(root);
        return Directory.Exists(directory.Postgres) ? directory : throw new UserErrorException(
            $"The cluster in {directory.Root} keeps its objects in a PostgreSQL of yours: name it with --connection.");
    }

    private static DataDirectory Fresh(string root)
    {
        var directory = DataDirectory.Open(root);
        return !LocalCluster.IsRunning(directory) ? directory : throw new UserErrorException(
            $"The cluster in {directory.Root} is up: '{DataDirectory.CommandFor("down", root)}' and " +
                $"'{DataDirectory.CommandFor("reset", root)}' make room, --data-dir names another place.");
    }

    /// <summary>Says at once what the silo would say when it starts.</summary>
    private static async Task TellOfKeysAsync(
        string store, DataDirectory? directory, CancellationToken cancellationToken)
    {
        var file = directory?.Encryption;
        try
        {
            await StoreKeys.CheckAsync(store, File.Exists(file) ? EncryptionFile.Read(file) : null, cancellationToken);
        }
        catch (StoreKeyException)
        {
            AnsiConsole.WriteLine(
                "Secrets in it are encrypted, and the keys are not in the backup: "
                    + (directory is null
                        ? "silos need the saved cluster's encryption.yaml (--encryption-provider-config)."
                        : $"before you run the next command, copy the saved cluster's encryption.yaml to {file}."));
        }
    }

    private static string Size(string path)
    {
        const double Megabyte = 1024 * 1024;
        return FormattableString.Invariant($"{new FileInfo(path).Length / Megabyte:0.0} MB");
    }
}
