using System.ComponentModel;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// The file systems on block devices of the machine: made where there is none, looked over where there is one, and
/// mounted for each pod. Steps, programs and words are upstream's. A device on which <c>blkid</c> finds something is
/// never formatted, and one that is mounted is not touched. Of two pods that want one device the second finds what was
/// done for the first.
/// </summary>
public sealed class DeviceFileSystems(MountProgram mount)
{
    private const int NothingFound = 2;
    private const int ErrorsUncorrected = 4;
    private const int MaxOutput = 1 << 16;
    private const string Partitions = "unknown data, probably partitions";

    /// <summary>Of devices.</summary>
    private readonly KeyedTurns _turns = new();

    /// <summary>Throws a <see cref="VolumeException"/> when it cannot be mounted.</summary>
    /// <param name="device">Its path, without links.</param>
    /// <param name="type">The file system that a device without one gets.</param>
    /// <param name="place">Where it is mounted.</param>
    /// <param name="options">By their names.</param>
    /// <param name="isReadOnly">Nothing may be written to make it usable.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task MountAsync(
        string device, string type, string place, IEnumerable<string> options, bool isReadOnly,
        CancellationToken cancellationToken)
    {
        List<string> all = [.. MountProgram.Sorted(options), "defaults"];
        try
        {
            using var turn = await _turns.TakeAsync(device, cancellationToken);
            if (!IsMounted(device))
            {
                await PrepareAsync(device, type, place, all, isReadOnly || all.Contains("ro"), cancellationToken);
            }

            await mount.RunAsync(type, all, device, place, cancellationToken);
        }
        catch (Exception failure) when (failure is VolumeException or IOException or Win32Exception)
        {
            throw new VolumeException(
                $"local: failed to mount device {device} at {place} (fstype: {type}), error {failure.Message}")
            {
                Stage = "MountVolume.MountDevice",
            };
        }
    }

    /// <summary>
    /// By whatever name: a mapped device has several. A file system of several devices has a number of its own, and is
    /// known by the name.
    /// </summary>
    private static bool IsMounted(string device)
    {
        var number = Linux.NumberOf(device) is { } n ? $"{n.Major}:{n.Minor}" : null;
        return MountPoints.FileSystems().Any(f => f.Device == number || f.Source == device);
    }

    /// <summary>
    /// Programs that write are not cut off: half a file system would look like one, and nobody would make it whole.
    /// </summary>
    private static async Task PrepareAsync(
        string device, string type, string place, IReadOnlyList<string> options, bool isReadOnly,
        CancellationToken cancellationToken)
    {
        if (await FormatOfAsync(device, cancellationToken) is not null)
        {
            await (isReadOnly ? Task.CompletedTask : CheckAsync(device));
            return;
        }

        if (isReadOnly)
        {
            throw new VolumeException(
                $"cannot mount unformatted disk {device} as we are manipulating it in read-only mode");
        }

        string[] flags = type is "ext3" or "ext4" ? ["-F", "-m0"] : type == "xfs" ? ["-f"] : [];
        var made = await RunAsync($"mkfs.{type}", [.. flags, device], CancellationToken.None);
        if (!made.Succeeded)
        {
            throw new VolumeException(
                $"format of disk {GoQuotes.Quote(device)} failed: type:({GoQuotes.Quote(type)}) " +
                $"target:({GoQuotes.Quote(place)}) options:([{string.Join(' ', options.Select(GoQuotes.Quote))}]) " +
                $"errcode:(exit status {made.ExitCode}) output:({made.Output}{made.Error}) ");
        }
    }

    /// <summary>What is on the device; null when nothing is.</summary>
    private static async Task<string?> FormatOfAsync(string device, CancellationToken cancellationToken)
    {
        string[] asked = ["-p", "-s", "TYPE", "-s", "PTTYPE", "-o", "export", device];
        var found = await RunAsync("blkid", asked, cancellationToken);
        if (found.ExitCode == NothingFound)
        {
            return null;
        }

        if (!found.Succeeded)
        {
            throw new VolumeException($"failed to get disk format of disk {device}: exit status {found.ExitCode}");
        }

        var facts = found.Output.Split('\n').Select(static l => l.Split('=', 2)).Where(static f => f.Length == 2)
            .ToDictionary(static f => f[0], static f => f[1], StringComparer.Ordinal);
        return facts.ContainsKey("PTTYPE") ? Partitions : facts.GetValueOrDefault("TYPE");
    }

    private static async Task CheckAsync(string device)
    {
        const string program = "fsck";
        if (!Commands.Exists(program))
        {
            return;
        }

        var looked = await RunAsync(program, ["-a", device], CancellationToken.None);
        if (looked.ExitCode == ErrorsUncorrected)
        {
            throw new VolumeException(
                $"'fsck' found errors on device {device} but could not correct them: {looked.Output}{looked.Error}");
        }
    }

    private static Task<CommandResult> RunAsync(
        string program, IEnumerable<string> arguments, CancellationToken cancellationToken) =>
        Commands.RunAsync(program, arguments, cancellationToken, maxOutput: MaxOutput, dropsRest: true);
}
