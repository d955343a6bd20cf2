using System.Text;

namespace OrleansOrchestrator.Machine;

/// <summary>
/// Files and directories of the cluster's own. Each is made with its mode, so that nothing is readable by others even
/// for a moment; what there is already, perhaps from an earlier version, gets it too.
/// </summary>
public static class OwnFiles
{
    /// <summary>rwxr-x---: for its owner, and for a group that may look in on the way to what is its own.</summary>
    public const UnixFileMode PrivateDirectory = OwnersDirectory | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;

    /// <summary>rwx--x--x: nobody else reads what is in it, but may go through it to what is theirs.</summary>
    public const UnixFileMode PassableDirectory =
        OwnersDirectory | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>rwx------</summary>
    public const UnixFileMode OwnersDirectory = PrivateFile | UnixFileMode.UserExecute;

    /// <summary>rw-------</summary>
    public const UnixFileMode PrivateFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes a directory that others cannot look into, with its parents where they are missing.</summary>
    public static void MakePrivate(string path) => MakeDirectory(path, PrivateDirectory);

    /// <summary>Makes a directory of ours, with its parents where they are missing.</summary>
    public static void MakeDirectory(string path, UnixFileMode mode)
    {
        MakeMissing(path, mode);
        if (File.GetUnixFileMode(path) != mode)
        {
            File.SetUnixFileMode(path, mode);
        }
    }

    /// <summary>Makes what is missing of a path; what is there may be somebody else's, and stays as it is.</summary>
    public static void MakeMissing(string path, UnixFileMode mode)
    {
        if (Directory.Exists(path))
        {
            return;
        }

        if (Path.GetDirectoryName(path) is { Length: > 0 } parent)
        {
            MakeMissing(parent, mode);
        }

        Directory.CreateDirectory(path, mode);
        File.SetUnixFileMode(path, mode); // the process may have a umask
    }

    /// <summary>Makes a file of ours in place of what was there; nobody else can open it.</summary>
    public static FileStream Create(string path)
    {
        File.Delete(path);
        return new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = PrivateFile,
        });
    }

    /// <summary>Replaces a file of ours in one step: readers see all of the old or all of the new.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">The new.</param>
    /// <param name="isDurable">It is on the disk when this returns, whatever happens to the machine.</param>
    public static void Replace(string path, ReadOnlySpan<byte> content, bool isDurable = false)
    {
        var unfinished = path + ".new";
        using (var file = Create(unfinished))
        {
            file.Write(content);
            file.Flush(flushToDisk: isDurable);
        }

        File.Move(unfinished, path, overwrite: true);
    }

    /// <summary>Replaces a file of ours by a text.</summary>
    public static void Write(string path, string text) => Replace(path, Encoding.UTF8.GetBytes(text));
}
