using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Csi;

/// <summary>
/// The directories that the node keeps for a volume of a driver's, and the file in each that says what it is: how a
/// node that started again finds out whom to ask to take the volume down. Layout, names and keys are upstream's.
/// </summary>
public static class CsiPlaces
{
    private const string DataFile = "vol_data.json";

    private static readonly JsonSerializerOptions Form =
        new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>Where a driver stages a volume, for all pods of the node.</summary>
    public static string Staging(NodeAgentOptions options, string driver, string handle) => Path.Combine(
        options.CsiDirectory, driver, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(handle))),
        "globalmount");

    /// <summary>Where a driver publishes a volume, in the directory that a pod has for it.</summary>
    public static string Target(string directory) => Path.Combine(directory, "mount");

    /// <summary>The handle of a volume that lives and dies with its pod.</summary>
    public static string EphemeralHandle(string podUid, string volume) =>
        "csi-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(podUid + volume)));

    /// <summary>The VolumeAttachment of a volume on a node.</summary>
    public static string AttachmentName(string handle, string driver, string node) =>
        "csi-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(handle + driver + node)));

    /// <summary>What a node's status calls the volume.</summary>
    public static string UniqueName(string driver, string handle) => $"kubernetes.io/csi/{driver}^{handle}";

    /// <summary>What is, or may be, staged: the directories where drivers stage.</summary>
    public static IEnumerable<string> Staged(NodeAgentOptions options)
    {
        var all = new DirectoryInfo(options.CsiDirectory);
        return all.Exists
            ? all.EnumerateDirectories().SelectMany(static d => d.EnumerateDirectories())
                .Select(static d => Path.Combine(d.FullName, "globalmount"))
                .Where(static staging => Read(staging) is not null)
            : [];
    }

    /// <summary>What a node's status may call the volumes that are, or may be, staged.</summary>
    public static IEnumerable<string> LeftBehind(NodeAgentOptions options) =>
        Staged(options).Select(Read).OfType<CsiVolumeData>().Select(static d => UniqueName(d.Driver, d.Handle));

    /// <summary>What is written beside a place where a driver mounts; null when nothing whole is.</summary>
    public static CsiVolumeData? Read(string mount)
    {
        var file = Path.Combine(Path.GetDirectoryName(mount)!, DataFile);
        try
        {
            return File.Exists(file)
                && JsonSerializer.Deserialize<CsiVolumeData>(File.ReadAllBytes(file)) is
                    { Driver.Length: > 0, Handle.Length: > 0 } data
                    ? data
                    : null;
        }
        catch (Exception failure) when (
            failure is JsonException or FileNotFoundException or DirectoryNotFoundException)
        {
            return null; // what was written by another hand, or has just been removed, is nobody's volume
        }
    }

    /// <summary>Writes it, in one step, with the directories on the way.</summary>
    public static void Write(string mount, CsiVolumeData data)
    {
        var directory = Path.GetDirectoryName(mount)!;
        OwnFiles.MakeMissing(directory, OwnFiles.PrivateDirectory);
        OwnFiles.Write(Path.Combine(directory, DataFile), JsonSerializer.Serialize(data, Form) + "\n");
    }

    /// <summary>
    /// Removes the place, the file beside it and their directory; false when something is mounted there, or the driver
    /// left something in it, and then nothing is removed. As upstream's, it goes whether it is a directory or the file
    /// that was made for a block volume.
    /// </summary>
    public static bool Remove(string mount)
    {
        if (MountPoints.Contains(mount) || !(Linux.Unlink(mount) || Linux.RemoveDirectory(mount)))
        {
            return false;
        }

        var directory = Path.GetDirectoryName(mount)!;
        if (Directory.Exists(directory))
        {
            File.Delete(Path.Combine(directory, DataFile));
        }

        return Linux.RemoveDirectory(directory);
    }
}
