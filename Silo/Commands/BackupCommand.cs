using System.CommandLine;
using System.CommandLine.Parsing;
using OrleansOrchestrator.Grains.Encryption;
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
            await WithStoreAsync(
                parsed, connection, () => Existing(parsed.GetRequiredValue(data)),
                store => new StoreDump(store).WriteAsync(path, !parsed.GetValue(withoutHistory), cancellationToken),
                cancellationToken);
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
            DataDirectory? directory = null;
            await WithStoreAsync(
                parsed, connection, () => directory = Fresh(parsed.GetRequiredValue(data)),
                async store =>
                {
                    await new StoreDump(store).ReadAsync(path, cancellationToken);
                    await TellOfKeysAsync(store, directory, cancellationToken);
                },
                cancellationToken);
            AnsiConsole.WriteLine($"Restored {path}. 'orc up' runs the cluster.");
            return 0;
        });
        return command;
    }

    /// <summary>Works with a database that answers; one of ours that did not run stops again.</summary>
    private static async Task WithStoreAsync(
        ParseResult parsed, Option<string?> connection, Func<DataDirectory> find, Func<string, Task> work,
        CancellationToken cancellationToken)
    {
        if (CommonOptions.ConnectionOf(parsed, connection) is { } foreign)
        {
            StoreConnectionString.Check(foreign);
            await work(foreign);
            return;
        }

        var postgres = new PrivatePostgres(find());
        var wasRunning = await postgres.IsRunningAsync(cancellationToken);
        await postgres.StartAsync(cancellationToken);
        try
        {
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
            $"The cluster in {directory.Root} is up: 'orc down' and 'orc reset' make room, " +
                "--data-dir names another place.");
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
                "Secrets in it are encrypted: put the encryption.yaml of the cluster that was saved "
                    + (file is null
                        ? "where its silos look for it, before they start."
                        : $"at {file}, before 'orc up'."));
        }
    }

    private static string Size(string path)
    {
        const double Megabyte = 1024 * 1024;
        return FormattableString.Invariant($"{new FileInfo(path).Length / Megabyte:0.0} MB");
    }
}
