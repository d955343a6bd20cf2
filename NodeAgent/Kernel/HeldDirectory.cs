using System.ComponentModel;
using System.IO.Enumeration;
using Microsoft.Win32.SafeHandles;
using OrleansOrchestrator.Machine;

namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>
/// A directory held open, whatever its name leads to later. What lies below is reached from it: through no symbolic
/// link, and never outside of it. Everything that the agent does where a container can write goes this way: the agent
/// is root, and the container may swap any part of a path for a link between two calls.
/// </summary>
public sealed class HeldDirectory : IDisposable
{
    private const UnixFileMode Unfinished = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode UnfinishedDirectory = Unfinished | UnixFileMode.UserExecute;

    private readonly SafePathHandle _handle;

    private HeldDirectory(SafePathHandle handle) => _handle = handle;

    /// <summary>Opens a directory of ours; where that lies is the operator's, and may be behind a link.</summary>
    public static HeldDirectory Open(string path) => new(Linux.OpenDirectory(path));

    /// <summary>
    /// Makes a directory that appears with its mode and group, or not at all: whoever finds it finds it whole.
    /// </summary>
    public static void MakeWhole(string path, UnixFileMode mode, long? group)
    {
        var unfinished = path + ".new";
        OwnFiles.MakePrivate(unfinished);
        using (var directory = Open(unfinished))
        {
            directory.SetAccess(mode, group);
        }

        Linux.Rename(unfinished, path);
    }

    /// <summary>Names exactly this directory, whatever is renamed meanwhile.</summary>
    public string ProcPath => _handle.ProcPath;

    public HeldDirectory OpenDirectory(string relative) =>
        new(Linux.OpenBeneath(_handle, AsDirectory(relative), LinkRule.Refused));

    /// <summary>As <see cref="OpenDirectory"/>, for what lies on the same mount only.</summary>
    public HeldDirectory OpenOnSameMount(string relative) =>
        new(Linux.OpenBeneath(_handle, AsDirectory(relative), LinkRule.RefusedAndMountsToo));

    /// <summary>The directory of that name, which is made if it is not there; what was there keeps its mode.</summary>
    public HeldDirectory MakeDirectory(string name, UnixFileMode mode, long? group = null)
    {
        var isNew = Linux.MakeDirectoryAt(_handle, name, UnfinishedDirectory);
        var made = OpenDirectory(name);
        if (isNew)
        {
            made.SetAccess(mode, group);
        }

        return made;
    }

    /// <summary>Owner first: a change of owner takes the set-id bits of a mode away.</summary>
    public void SetAccess(UnixFileMode mode, long? group)
    {
        if (group is { } gid)
        {
            Linux.ChangeOwner(_handle, -1, gid);
        }

        File.SetUnixFileMode(ProcPath, mode);
    }

    /// <summary>
    /// Gives an entry to a group, with these bits more in its mode, and of a directory with those; of a link only the
    /// group changes. What is gone, or another mount, is left alone.
    /// </summary>
    public void Share(HeldEntry entry, long group, UnixFileMode fileBits, UnixFileMode directoryBits)
    {
        const int isLink = 40;
        try
        {
            using var opened = Linux.OpenBeneath(_handle, entry.Name, LinkRule.RefusedAndMountsToo);
            var mode = File.GetUnixFileMode(opened.ProcPath);
            Linux.ChangeOwner(opened, -1, group);
            File.SetUnixFileMode(opened.ProcPath, mode | (entry.IsDirectory ? directoryBits : fileBits));
        }
        catch (Win32Exception error) when (error.NativeErrorCode == isLink)
        {
            Linux.ChangeOwner(PathOf(entry.Name), -1, group);
        }
        catch (Win32Exception error) when (IsElsewhere(error))
        {
            return;
        }
    }

    /// <summary>What was there a moment ago is gone, is something else now, or is another mount.</summary>
    public static bool IsElsewhere(Win32Exception error)
    {
        const int gone = 2;
        const int crossesMount = 18;
        const int noDirectory = 20;
        const int isLink = 40;
        return error.NativeErrorCode is gone or crossesMount or noDirectory or isLink;
    }

    /// <summary>
    /// Makes a file that was not there. It has its last owner and mode before anybody else can open it.
    /// </summary>
    public void CreateFile(
        string name, ReadOnlySpan<byte> content, UnixFileMode mode, long? owner = null, long? group = null)
    {
        using var file = Linux.OpenFile(_handle, name, FileOpening.New, Unfinished);
        RandomAccess.Write(file, content, 0);
        if (owner is not null || group is not null)
        {
            Linux.ChangeOwner(file, owner ?? -1, group ?? -1);
        }

        File.SetUnixFileMode(file, mode);
    }

    /// <summary>
    /// Gives a file this content in place, as what others have mounted must be written; it is made if it is not there.
    /// </summary>
    public void WriteInPlace(string name, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        using var file = Linux.OpenFile(_handle, name, FileOpening.Writing, Unfinished);
        RandomAccess.Write(file, content, 0);
        RandomAccess.SetLength(file, content.Length);
        File.SetUnixFileMode(file, mode);
    }

    /// <summary>Opens a file for reading; never waits for the other end of a pipe.</summary>
    public SafeFileHandle OpenFile(string relative) => Linux.OpenFile(_handle, relative, FileOpening.Reading, default);

    /// <summary>True when a file holds exactly this; not when it cannot be read.</summary>
    public bool HasContent(string relative, ReadOnlySpan<byte> content)
    {
        try
        {
            using var file = OpenFile(relative);
            if (RandomAccess.GetLength(file) != content.Length)
            {
                return false;
            }

            var buffer = new byte[content.Length];
            return RandomAccess.Read(file, buffer, 0) == content.Length && content.SequenceEqual(buffer);
        }
        catch (Exception exception) when (
            exception is Win32Exception or IOException or NotSupportedException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Where the link of that name leads; null when there is no link of that name.</summary>
    public string? LinkTarget(string name) => new FileInfo(PathOf(name)).LinkTarget;

    public void MakeLink(string name, string target, long? group = null)
    {
        File.CreateSymbolicLink(PathOf(name), target);
        if (group is { } gid)
        {
            Linux.ChangeOwner(PathOf(name), -1, gid);
        }
    }

    /// <summary>Renames an entry within this directory, in one step; what had the new name is replaced.</summary>
    public void Rename(string from, string to) => Linux.Rename(PathOf(from), PathOf(to));

    /// <summary>What the directory holds now, in no order.</summary>
    public IEnumerable<HeldEntry> Entries() => new FileSystemEnumerable<HeldEntry>(
        ProcPath + "/",
        static (ref entry) => new HeldEntry(
            entry.FileName.ToString(), entry.IsDirectory && !entry.Attributes.HasFlag(FileAttributes.ReparsePoint)),
        new EnumerationOptions { AttributesToSkip = FileAttributes.None });

    /// <summary>A path of an entry for calls that do not follow a link at its end.</summary>
    public string PathOf(string name) => name is "" or "." or ".." || name.Contains('/', StringComparison.Ordinal)
        ? throw new ArgumentException($"\"{name}\" does not name an entry of a directory", nameof(name))
        : $"{ProcPath}/{name}";

    public void Dispose() => _handle.Dispose();

    private static string AsDirectory(string relative) => relative + "/.";
}

/// <summary>An entry of a directory; a link to a directory is none.</summary>
public readonly record struct HeldEntry(string Name, bool IsDirectory);
