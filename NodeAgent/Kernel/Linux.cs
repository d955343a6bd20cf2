using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>Size and use of a file system, as statvfs tells it.</summary>
public readonly record struct FileSystemUsage(long CapacityBytes, long AvailableBytes, long Inodes, long InodesFree);

/// <summary>The system calls that .NET has no name for: mounts, ownership, signals and file-system figures.</summary>
public static partial class Linux
{
    public const ulong MountReadOnly = 1;
    public const ulong MountRemount = 32;
    public const ulong MountBind = 4096;
    public const ulong MountRecursive = 16384;
    public const ulong MountShared = 1 << 20;
    public const int SignalTerminate = 15;
    public const int SignalKill = 9;

    private const int LazyDetach = 2;
    private const int OpenPath = 0x200000;
    private const int OpenCloseOnExec = 0x80000;
    private const long OpenAt2 = 437;
    private const ulong ResolveNoCrossMount = 0x01;
    private const ulong ResolveNoMagicLinks = 0x02;
    private const ulong ResolveNoLinks = 0x04;
    private const ulong ResolveBeneath = 0x08;
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
    public static void Unmount(string target, bool lazy = false)
    {
        const int notFound = 2;
        const int invalid = 22;
        if (NativeUnmount(target, lazy ? LazyDetach : 0) != 0 && Marshal.GetLastPInvokeError() is var error
            && error is not (notFound or invalid))
        {
            throw new Win32Exception(error, $"unmount {target}: {Marshal.GetPInvokeErrorMessage(error)}");
        }
    }

    public static void ChangeOwner(string path, long uid, long gid) =>
        Check(NativeLchown(path, unchecked((uint)uid), unchecked((uint)gid)), $"chown {path}");

    public static bool Signal(int pid, int signal) => NativeKill(pid, signal) == 0;

    /// <summary>
    /// Opens a path that must lie beneath the directory, symbolic links included, and returns its handle.
    /// </summary>
    public static SafePathHandle OpenBeneath(SafePathHandle root, string relative) =>
        Open(root, relative, ResolveBeneath | ResolveNoMagicLinks);

    /// <summary>Opens what lies in a directory, following no link and entering no other mount.</summary>
    public static SafePathHandle OpenOnSameMount(SafePathHandle root, string name) =>
        Open(root, name, ResolveBeneath | ResolveNoLinks | ResolveNoCrossMount);

    private static SafePathHandle Open(SafePathHandle root, string relative, ulong resolve)
    {
        var how = new OpenHow { Flags = OpenPath | OpenCloseOnExec, Resolve = resolve };
        var fd = NativeOpenAt2(OpenAt2, root.Descriptor, relative, in how, Marshal.SizeOf<OpenHow>());
        Check(fd < 0 ? -1 : 0, $"open {relative}");
        return new SafePathHandle((int)fd);
    }

    public static SafePathHandle OpenDirectory(string path)
    {
        var fd = NativeOpen(path, OpenPath | OpenCloseOnExec, 0);
        Check(fd < 0 ? -1 : 0, $"open {path}");
        return new SafePathHandle(fd);
    }

    public static void MakeDirectoryAt(SafePathHandle parent, string name, int mode)
    {
        const int exists = 17;
        if (NativeMkdirAt(parent.Descriptor, name, mode) != 0 && Marshal.GetLastPInvokeError() != exists)
        {
            Check(-1, $"mkdir {name}");
        }
    }

    public static FileSystemUsage UsageOf(string path)
    {
        Check(NativeStatVfs(path, out var stat), $"statvfs {path}");
        var unit = (long)stat.FragmentSize;
        return new FileSystemUsage(
            (long)stat.Blocks * unit, (long)stat.BlocksAvailable * unit, (long)stat.Files, (long)stat.FilesFree);
    }

    /// <summary>The st_mode of what a path leads to; null when nothing is there.</summary>
    public static int? ModeOf(string path)
    {
        const int currentDirectory = -100;
        const uint modeOnly = 0x3;
        return NativeStatX(currentDirectory, path, 0, modeOnly, out var stat) == 0 ? stat.Mode : null;
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

    /// <summary>
    /// Removes an empty directory; .NET's own call refuses cgroups, whose files cannot be deleted first.
    /// </summary>
    public static bool RemoveDirectory(string path) => NativeRmdir(path) == 0 || !Directory.Exists(path);

    /// <summary>
    /// Renames in one step, replacing the target; links are moved as links (.NET's own call follows them).
    /// </summary>
    public static void Rename(string source, string target) => Check(NativeRename(source, target), $"rename {source}");

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
        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(48)]
        public ulong Blocks;

        [FieldOffset(136)]
        public uint DeviceMajor;

        [FieldOffset(140)]
        public uint DeviceMinor;
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeStatX(int directory, string path, int flags, uint mask, out StatX stat);

    [LibraryImport("libc", EntryPoint = "rmdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeRmdir(string path);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeRename(string source, string target);

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeMount(string source, string target, string type, ulong flags, string data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeUnmount(string target, int flags);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeLchown(string path, uint uid, uint gid);

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
