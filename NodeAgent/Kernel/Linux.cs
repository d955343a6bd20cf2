using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>Size and use of a file system, as statvfs tells it.</summary>
public readonly record struct FileSystemUsage(long CapacityBytes, long AvailableBytes, long Inodes, long InodesFree)
{
    /// <summary>With what the file system keeps back for root.</summary>
    public long FreeBytes { get; init; }
}

/// <summary>The system calls that .NET has no name for: mounts, ownership, signals and file-system figures.</summary>
public static partial class Linux
{
    public const ulong MountReadOnly = 1;
    public const ulong MountNoExec = 8;
    public const ulong MountRemount = 32;
    public const ulong MountBind = 4096;
    public const ulong MountRecursive = 16384;
    public const ulong MountShared = 1 << 20;
    public const int SignalTerminate = 15;
    public const int SignalKill = 9;

    private const int NoLinkAtEnd = 8;
    private const int OpenWriteOnly = 0x1;
    private const int OpenCreate = 0x40;
    private const int OpenExclusive = 0x80;
    private const int OpenNonBlocking = 0x800;
    private const int OpenPath = 0x200000;
    private const int OpenCloseOnExec = 0x80000;
    private const long OpenAt2 = 437;
    private const ulong ResolveNoCrossMount = 0x01;
    private const ulong ResolveNoMagicLinks = 0x02;
    private const ulong ResolveNoLinks = 0x04;
    private const ulong ResolveBeneath = 0x08;
    private const int EmptyPath = 0x1000;
    private const int CapSysResource = 24;

    /// <summary>True when the process may lower oom scores below its own: runc fails on them otherwise.</summary>
    public static bool HasCapSysResource()
    {
        const string prefix = "CapEff:";
        var line = File.ReadLines("/proc/self/status").First(l => l.StartsWith(prefix, StringComparison.Ordinal));
        var mask = Convert.ToUInt64(line[prefix.Length..].Trim(), 16);
        return (mask & (1UL << CapSysResource)) != 0;
    }

    public static bool IsRoot => Environment.IsPrivilegedProcess;

    public static void Mount(string source, string target, string type, ulong flags, string data) =>
        Check(NativeMount(source, target, type, flags, data), $"mount {source} on {target}");

    /// <summary>Unmounts; a target that is not a mount point or is gone counts as done.</summary>
    public static void Unmount(string target, UnmountMode mode = UnmountMode.Plain)
    {
        const int notFound = 2;
        const int invalid = 22;
        if (NativeUnmount(target, NoLinkAtEnd | (int)mode) != 0
            && Marshal.GetLastPInvokeError() is var error
            && error is not (notFound or invalid))
        {
            throw new Win32Exception(error, $"unmount {target}: {Marshal.GetPInvokeErrorMessage(error)}");
        }
    }

    public static void ChangeOwner(string path, long uid, long gid) =>
        Check(NativeLchown(path, Id(uid), Id(gid)), $"chown {path}");

    public static void ChangeOwner(SafePathHandle handle, long uid, long gid) =>
        Check(NativeChownAt(handle.Descriptor, "", Id(uid), Id(gid), EmptyPath), "chown");

    public static void ChangeOwner(SafeFileHandle file, long uid, long gid) =>
        Check(NativeFchown(file, Id(uid), Id(gid)), "chown");

    public static bool Signal(int pid, int signal) => NativeKill(pid, signal) == 0;

    /// <summary>Opens a path that must lie beneath the directory, for its place in the file system only.</summary>
    public static SafePathHandle OpenBeneath(SafePathHandle root, string relative, LinkRule links) =>
        new(Open(root, relative, OpenPath, 0, links));

    /// <summary>Opens a file beneath the directory, following no link.</summary>
    public static SafeFileHandle OpenFile(SafePathHandle root, string relative, FileOpening opening, UnixFileMode mode)
    {
        var flags = opening switch
        {
            FileOpening.New => OpenWriteOnly | OpenCreate | OpenExclusive,
            FileOpening.Writing => OpenWriteOnly | OpenCreate,
            _ => OpenNonBlocking,
        };
        return new SafeFileHandle(Open(root, relative, flags, mode, LinkRule.Refused), ownsHandle: true);
    }

    private static int Open(SafePathHandle root, string relative, int flags, UnixFileMode mode, LinkRule links)
    {
        var how = new OpenHow
        {
            Flags = (ulong)(flags | OpenCloseOnExec),
            Mode = (ulong)mode,
            Resolve = ResolveBeneath | ResolveNoMagicLinks | links switch
            {
                LinkRule.Beneath => 0,
                LinkRule.Refused => ResolveNoLinks,
                _ => ResolveNoLinks | ResolveNoCrossMount,
            },
        };
        var fd = NativeOpenAt2(OpenAt2, root.Descriptor, relative, in how, Marshal.SizeOf<OpenHow>());
        Check(fd < 0 ? -1 : 0, $"open {relative}");
        return (int)fd;
    }

    public static SafePathHandle OpenDirectory(string path)
    {
        var fd = NativeOpen(path, OpenPath | OpenCloseOnExec, 0);
        Check(fd < 0 ? -1 : 0, $"open {path}");
        return new SafePathHandle(fd);
    }

    /// <summary>False when something of that name is there.</summary>
    public static bool MakeDirectoryAt(SafePathHandle parent, string name, UnixFileMode mode)
    {
        const int exists = 17;
        if (NativeMkdirAt(parent.Descriptor, name, (int)mode) == 0)
        {
            return true;
        }

        if (Marshal.GetLastPInvokeError() != exists)
        {
            Check(-1, $"mkdir {name}");
        }

        return false;
    }

    public static FileSystemUsage UsageOf(string path)
    {
        Check(NativeStatVfs(path, out var stat), $"statvfs {path}");
        var unit = (long)stat.FragmentSize;
        return new FileSystemUsage(
            (long)stat.Blocks * unit, (long)stat.BlocksAvailable * unit, (long)stat.Files, (long)stat.FilesFree)
        {
            FreeBytes = (long)stat.BlocksFree * unit,
        };
    }

    /// <summary>What a path leads to.</summary>
    public static FileKind KindOf(string path)
    {
        const int formatMask = 0xF000;
        return ModeOf(path) is { } mode ? (FileKind)(mode & formatMask) : FileKind.None;
    }

    /// <summary>The st_mode of what a path leads to; null when nothing is there.</summary>
    private static int? ModeOf(string path)
    {
        const int currentDirectory = -100;
        const uint modeOnly = 0x3;
        return NativeStatX(currentDirectory, path, 0, modeOnly, out var stat) == 0 ? stat.Mode : null;
    }

    /// <summary>The group of what a path leads to; null when nothing is there.</summary>
    public static long? GroupOf(string path)
    {
        const int currentDirectory = -100;
        const uint groupOnly = 0x10;
        return NativeStatX(currentDirectory, path, 0, groupOnly, out var stat) == 0 ? stat.Group : null;
    }

    /// <summary>The space that a file or directory itself takes on its disk; a link counts as itself.</summary>
    public static long BytesOnDisk(string path)
    {
        const int currentDirectory = -100;
        const int notThroughLinks = 0x100;
        const uint blocksOnly = 0x400;
        const long blockBytes = 512;
        return NativeStatX(currentDirectory, path, notThroughLinks, blocksOnly, out var stat) == 0
            ? (long)stat.Blocks * blockBytes
            : 0;
    }

    /// <summary>The device that a path lies on; null when nothing is there.</summary>
    public static (uint Major, uint Minor)? DeviceOf(string path)
    {
        const int currentDirectory = -100;
        return NativeStatX(currentDirectory, path, 0, 0, out var stat) == 0
            ? (stat.DeviceMajor, stat.DeviceMinor)
            : null;
    }

    /// <summary>The device that a path leads to; null when nothing is there.</summary>
    public static (uint Major, uint Minor)? NumberOf(string path)
    {
        const int currentDirectory = -100;
        return NativeStatX(currentDirectory, path, 0, 0, out var stat) == 0 ? (stat.OwnMajor, stat.OwnMinor) : null;
    }

    /// <summary>
    /// Removes an empty directory; .NET's own call refuses cgroups, whose files cannot be deleted first.
    /// </summary>
    public static bool RemoveDirectory(string path) => NativeRmdir(path) == 0 || !Directory.Exists(path);

    /// <summary>Removes a name that is no directory's, links as links; false when it is a directory's.</summary>
    public static bool Unlink(string path)
    {
        const int notFound = 2;
        const int isDirectory = 21;
        if (NativeUnlink(path) == 0 || Marshal.GetLastPInvokeError() == notFound)
        {
            return true;
        }

        if (Marshal.GetLastPInvokeError() != isDirectory)
        {
            Check(-1, $"unlink {path}");
        }

        return false;
    }

    /// <summary>
    /// Renames in one step, replacing the target; links are moved as links (.NET's own call follows them).
    /// </summary>
    public static void Rename(string source, string target) => Check(NativeRename(source, target), $"rename {source}");

    private static uint Id(long id) => unchecked((uint)id);

    internal static void CloseDescriptor(int descriptor) => _ = NativeClose(descriptor);

    private static void Check(int result, string what)
    {
        if (result != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            throw new Win32Exception(error, $"{what}: {Marshal.GetPInvokeErrorMessage(error).ToLowerInvariant()}");
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct OpenHow
    {
        public ulong Flags;
        public ulong Mode;
        public ulong Resolve;
    }

    /// <summary>struct statvfs of 64-bit glibc.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 112)]
    private struct StatVfs
    {
        public ulong BlockSize;
        public ulong FragmentSize;
        public ulong Blocks;
        public ulong BlocksFree;
        public ulong BlocksAvailable;
        public ulong Files;
        public ulong FilesFree;
    }

    /// <summary>struct statx: the same on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatX
    {
        [FieldOffset(24)]
        public uint Group;

        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(48)]
        public ulong Blocks;

        [FieldOffset(128)]
        public uint OwnMajor;

        [FieldOffset(132)]
        public uint OwnMinor;

        [FieldOffset(136)]
        public uint DeviceMajor;

        [FieldOffset(140)]
        public uint DeviceMinor;
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeStatX(int directory, string path, int flags, uint mask, out StatX stat);

    [LibraryImport("libc", EntryPoint = "rmdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeRmdir(string path);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeUnlink(string path);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeRename(string source, string target);

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeMount(string source, string target, string type, ulong flags, string data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeUnmount(string target, int flags);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeLchown(string path, uint uid, uint gid);

    [LibraryImport("libc", EntryPoint = "fchownat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeChownAt(int directory, string path, uint uid, uint gid, int flags);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    private static partial int NativeFchown(SafeFileHandle file, uint uid, uint gid);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int NativeKill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeOpen(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeMkdirAt(int directory, string path, int mode);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial long NativeOpenAt2(long number, int directory, string path, in OpenHow how, nint size);

    [LibraryImport("libc", EntryPoint = "statvfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeStatVfs(string path, out StatVfs stat);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int NativeClose(int descriptor);
}

/// <summary>A descriptor opened for its place in the file system only.</summary>
public sealed class SafePathHandle(int descriptor) : IDisposable
{
    public int Descriptor { get; } = descriptor;

    /// <summary>A path that names exactly what was opened, whatever is renamed meanwhile.</summary>
    public string ProcPath => new StringBuilder("/proc/self/fd/").Append(Descriptor).ToString();

    public void Dispose() => Linux.CloseDescriptor(Descriptor);
}

/// <summary>What opening a path beneath a directory does about symbolic links and mount points on its way.</summary>
public enum LinkRule
{
    /// <summary>Links are followed as long as they stay beneath the directory.</summary>
    Beneath,

    /// <summary>A link anywhere is an error.</summary>
    Refused,

    /// <summary>A link anywhere is an error, and so is another mount.</summary>
    RefusedAndMountsToo,
}

/// <summary>What a file is opened for.</summary>
public enum FileOpening
{
    /// <summary>To read what is there, without waiting for it.</summary>
    Reading,

    /// <summary>To write, and to make it if it is not there.</summary>
    Writing,

    /// <summary>To write what was not there.</summary>
    New,
}
