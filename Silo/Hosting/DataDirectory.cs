using System.Globalization;
using OrleansOrchestrator.Machine;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// Where a cluster keeps everything on this machine. Layout: <c>postgres/</c> (database), <c>run/</c> (sockets and
/// process ids), <c>log/</c>,
/// <c>pki/</c> (credentials of this machine's node), <c>node/</c> (node agent, containerd, volumes),
/// <c>encryption.yaml</c> (keys), <c>share.json</c> and <c>options.json</c> (what <c>orc up</c> was told),
/// <c>version</c>.
/// Nobody but its owner, and PostgreSQL's user on the way to its own, can look into it.
/// </summary>
public sealed class DataDirectory
{
    /// <summary>Raised when the layout changes so that older programs must not touch it.</summary>
    private const int LayoutVersion = 1;

    private const string VersionFile = "version";

    /// <summary>The directory that a new file system begins with.</summary>
    private const string FreshFileSystem = "lost+found";

    private DataDirectory(string root) => Root = root;

    public string Root { get; }

    public string Postgres => Path.Combine(Root, "postgres");

    public string Run => Path.Combine(Root, "run");

    public string PostgresSocket => Path.Combine(Run, "postgres");

    public string Logs => Path.Combine(Root, "log");

    public string Pki => Path.Combine(Root, "pki");

    public string Node => Path.Combine(Root, "node");

    /// <summary>Says what PostgreSQL holds encrypted, and has the keys.</summary>
    public string Encryption => Path.Combine(Root, "encryption.yaml");

    /// <summary>
    /// Root's clusters live in <c>/var/lib/orc</c>, because PostgreSQL runs as an unprivileged user that cannot look
    /// into root's home; anybody else's in <c>~/.orc/data</c>.
    /// </summary>
    public static string Default => Environment.IsPrivilegedProcess
        ? "/var/lib/orc"
        : Path.Combine(UserDirectory, "data");

    /// <summary><c>~/.orc</c>: where the admin kubeconfig goes.</summary>
    public static string UserDirectory =>
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".orc");

    /// <summary>Where the admin kubeconfig of the default data directory goes.</summary>
    public static string DefaultKubeconfig => Path.Combine(UserDirectory, "admin.conf");

    /// <summary>Where the admin kubeconfig of a data directory goes when nobody says otherwise.</summary>
    public static string KubeconfigOf(string root) => Path.GetFullPath(root) == Path.GetFullPath(Default)
        ? DefaultKubeconfig
        : Path.Combine(Path.GetFullPath(root), "admin.conf");

    /// <summary>A command on the cluster of a data directory, as its user types it.</summary>
    public static string CommandFor(string verb, string root)
    {
        var full = Path.GetFullPath(root);
        return full == Path.GetFullPath(Default) ? $"orc {verb}"
            : full.Contains(' ', StringComparison.Ordinal) ? $"orc {verb} --data-dir \"{full}\""
            : $"orc {verb} --data-dir {full}";
    }

    /// <summary>True when a cluster was made there; looking makes none.</summary>
    public static bool HoldsCluster(string root) => File.Exists(Path.Combine(root, VersionFile));

    /// <summary>Opens a directory in which a cluster was made; fails where there is none.</summary>
    public static DataDirectory OpenExisting(string root) => HoldsCluster(root)
        ? Open(root)
        : throw new UserErrorException($"There is no cluster in {Path.GetFullPath(root)}.");

    /// <summary>Opens or makes the directory; refuses one that a newer version has written.</summary>
    public static DataDirectory Open(string root)
    {
        var directory = new DataDirectory(Path.GetFullPath(root));
        directory.CheckIsOurs();
        try
        {
            // PostgreSQL runs as a user of its own, who must come through what is missing above, too.
            OwnFiles.MakeMissing(Path.GetDirectoryName(directory.Root) ?? "/", OwnFiles.PassableDirectory);
            OwnFiles.MakeDirectory(directory.Root, OwnFiles.PrivateDirectory);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException(
                $"{directory.Root} cannot be made ({failure.Message}): choose another directory with --data-dir.");
        }

        directory.CheckVersion();
        OwnFiles.MakeDirectory(directory.Run, OwnFiles.PrivateDirectory);
        foreach (var path in new[] { directory.Logs, directory.Pki, directory.Node })
        {
            OwnFiles.MakeDirectory(path, OwnFiles.OwnersDirectory);
        }

        return directory;
    }

    /// <summary>
    /// Takes everything out of a directory that <see cref="Open"/> has just made, or found empty: nothing in it was
    /// there before.
    /// </summary>
    public void Undo(bool keepsRoot)
    {
        if (!keepsRoot)
        {
            Directory.Delete(Root, recursive: true);
            return;
        }

        foreach (var file in Directory.EnumerateFiles(Root))
        {
            File.Delete(file);
        }

        foreach (var directory in Directory.EnumerateDirectories(Root).Where(
            static d => Path.GetFileName(d) != FreshFileSystem))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>The file that holds the process id of one of our processes.</summary>
    public string PidFile(string process) => Path.Combine(Run, $"{process}.pid");

    /// <summary>Where a process of ours writes its log.</summary>
    public string LogFile(string process) => Path.Combine(Logs, $"{process}.log");

    // 'orc reset' deletes it whole.
    private void CheckIsOurs()
    {
        if (File.Exists(Root))
        {
            throw new UserErrorException($"{Root} is a file: --data-dir names a directory.");
        }

        if (!HoldsCluster(Root) && Directory.Exists(Root)
            && Directory.EnumerateFileSystemEntries(Root).Any(static e => Path.GetFileName(e) != FreshFileSystem))
        {
            throw new UserErrorException(
                $"{Root} holds other files, and no cluster: choose an empty directory, or one that does not exist, with --data-dir.");
        }
    }

    private void CheckVersion()
    {
        var file = Path.Combine(Root, VersionFile);
        if (!File.Exists(file))
        {
            OwnFiles.Write(file, LayoutVersion.ToString(CultureInfo.InvariantCulture));
            return;
        }

        var text = File.ReadAllText(file).Trim();
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var version))
        {
            throw new UserErrorException(
                $"{file} says '{text}', which is no version: this is not a data directory of orc.");
        }

        if (version > LayoutVersion)
        {
            throw new UserErrorException(
                $"The data directory {Root} was written by a newer version (layout {version}, this program knows {LayoutVersion}): " +
                "update this program, or choose another directory with --data-dir.");
        }
    }
}
