using OrleansOrchestrator.Machine;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>hostPath volumes: what the type demands is checked, and made where the type says so.</summary>
public static class HostPathCheck
{
    private const UnixFileMode NewDirectoryMode = (UnixFileMode)0x1ED;
    private const UnixFileMode NewFileMode = (UnixFileMode)0x1A4;
    private const int ModeFormatMask = 0xF000;

    public static void Require(V1HostPathVolumeSource source)
    {
        var path = source.Path;
        switch (source.Type ?? "")
        {
            case "":
                return;
            case "DirectoryOrCreate" when !Path.Exists(path):
                OwnFiles.MakeMissing(path, NewDirectoryMode);
                return;
            case "FileOrCreate" when !Path.Exists(path):
                MakeFile(path);
                return;
            case "DirectoryOrCreate" or "Directory":
                Check(Directory.Exists(path), path, "a directory");
                return;
            case "FileOrCreate" or "File":
                Check(File.Exists(path) && Kind(path) == FileKind.Regular, path, "a file");
                return;
            case "Socket":
                Check(Kind(path) == FileKind.Socket, path, "a socket file");
                return;
            case "CharDevice":
                Check(Kind(path) == FileKind.CharacterDevice, path, "a character device");
                return;
            case "BlockDevice":
                Check(Kind(path) == FileKind.BlockDevice, path, "a block device");
                return;
            default:
                throw new VolumeException($"{source.Type} is an invalid volume type");
        }
    }

    /// <summary>Never empties a file that appears meanwhile.</summary>
    private static void MakeFile(string path)
    {
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, UnixCreateMode = NewFileMode,
        });
        File.SetUnixFileMode(file.SafeFileHandle, NewFileMode);
    }

    private enum FileKind
    {
        None = 0,
        CharacterDevice = 0x2000,
        BlockDevice = 0x6000,
        Regular = 0x8000,
        Socket = 0xC000,
    }

    private static FileKind Kind(string path) =>
        Linux.ModeOf(path) is { } mode ? (FileKind)(mode & ModeFormatMask) : FileKind.None;

    private static void Check(bool holds, string path, string what)
    {
        if (!holds)
        {
            throw new VolumeException($"hostPath type check failed: {path} is not {what}");
        }
    }
}
