using OrleansOrchestrator.Machine;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>hostPath volumes: what the type demands is checked, and made where the type says so.</summary>
public static class HostPathCheck
{
    private const UnixFileMode NewDirectoryMode = (UnixFileMode)0x1ED;
    private const UnixFileMode NewFileMode = (UnixFileMode)0x1A4;

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
                Check(File.Exists(path) && Linux.KindOf(path) == FileKind.Regular, path, "a file");
                return;
            case "Socket":
                Check(Linux.KindOf(path) == FileKind.Socket, path, "a socket file");
                return;
            case "CharDevice":
                Check(Linux.KindOf(path) == FileKind.CharacterDevice, path, "a character device");
                return;
            case "BlockDevice":
                Check(Linux.KindOf(path) == FileKind.BlockDevice, path, "a block device");
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

    private static void Check(bool holds, string path, string what)
    {
        if (!holds)
        {
            throw new VolumeException($"hostPath type check failed: {path} is not {what}");
        }
    }
}
