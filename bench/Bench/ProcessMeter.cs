using System.Globalization;

namespace OrleansOrchestrator.Bench;

/// <summary>CPU time and private memory of a process and everything that descends from it, as the kernel counts
/// them.</summary>
/// <param name="Cpu">User and system time so far.</param>
/// <param name="PrivateMegabytes">Resident pages that no other process shares.</param>
public sealed record ProcessMeter(TimeSpan Cpu, double PrivateMegabytes)
{
    private const double TicksPerSecond = 100;
    private const double Megabyte = 1e6;

    public static ProcessMeter Read(int root)
    {
        var parents = new Dictionary<int, (int Parent, double Seconds, double Memory)>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var id) &&
                TryRead(directory) is { } found)
            {
                parents[id] = found;
            }
        }

        var family = parents.Where(p => Descends(p.Key, root, parents)).Select(p => p.Value).ToList();
        return new ProcessMeter(TimeSpan.FromSeconds(family.Sum(p => p.Seconds)), family.Sum(p => p.Memory));
    }

    private static bool Descends(int id, int root, Dictionary<int, (int Parent, double Seconds, double Memory)> all)
    {
        while (id != root && all.TryGetValue(id, out var process))
        {
            id = process.Parent;
        }

        return id == root;
    }

    private static (int Parent, double Seconds, double Memory)? TryRead(string directory)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(directory, "stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            var pages = File.ReadAllText(Path.Combine(directory, "statm")).Split(' ');
            var memory = (Number(pages[1]) - Number(pages[2])) * Environment.SystemPageSize / Megabyte;
            return ((int)Number(fields[1]), (Number(fields[11]) + Number(fields[12])) / TicksPerSecond, memory);
        }
        catch (IOException)
        {
            // The process ended between the listing and the reading.
            return null;
        }
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
