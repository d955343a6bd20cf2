using OrleansOrchestrator.NodeAgent.Node;

namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary>Names of block devices.</summary>
public static class BlockDevices
{
    private const string Field = "DEVNAME=";

    /// <summary><c>/dev/sda</c> for <c>8:0</c>, as cAdvisor has it; a device that is gone stays a number.</summary>
    /// <param name="device"><c>major:minor</c>.</param>
    /// <param name="directory">Where the kernel tells of devices by their numbers.</param>
    public static string NameOf(string device, string directory = "/sys/dev/block")
    {
        var line = (CgroupFiles.Text($"{directory}/{device}/uevent") ?? "").Split('\n')
            .FirstOrDefault(static l => l.StartsWith(Field, StringComparison.Ordinal));
        return line is null ? device : $"/dev/{line[Field.Length..]}";
    }
}
