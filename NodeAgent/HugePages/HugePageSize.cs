using System.Globalization;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.NodeAgent.HugePages;

/// <summary>
/// A size of huge pages that the kernel has, and how many pages of it are set aside for those who ask.
/// </summary>
/// <param name="PageBytes">Of one page.</param>
/// <param name="Pages">All of the machine's, those in use included.</param>
public sealed record HugePageSize(long PageBytes, long Pages)
{
    private const int Step = 1024;
    private const string Before = "hugepages-";
    private const string After = "kB";

    private static readonly string[] Units = ["", "K", "M", "G", "T", "P"];

    public long Bytes => PageBytes * Pages;

    /// <summary>The resource of pods and nodes: <c>hugepages-2Mi</c>.</summary>
    public string Resource => Before + Quantity.Whole(PageBytes, QuantityFormat.BinarySI).ToString();

    /// <summary>As cgroups and container runtimes call it: <c>2MB</c>.</summary>
    public string CgroupName => CgroupNameOf(PageBytes);

    /// <summary>The same of any size of pages, in bytes.</summary>
    public static string CgroupNameOf(long pageBytes)
    {
        var unit = 0;
        while (pageBytes % Step == 0 && unit + 1 < Units.Length)
        {
            pageBytes /= Step;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{pageBytes}{Units[unit]}B");
    }

    /// <summary>
    /// The sizes that a directory like the kernel's tells, smallest first: <c>hugepages-2048kB/nr_hugepages</c>. None
    /// where the kernel has no huge pages.
    /// </summary>
    public static IReadOnlyList<HugePageSize> Read(string directory = "/sys/kernel/mm/hugepages") =>
        !Directory.Exists(directory)
            ? []
            :
            [
                .. from path in Directory.EnumerateDirectories(directory)
                   let name = Path.GetFileName(path)
                   where name.StartsWith(Before, StringComparison.Ordinal)
                       && name.EndsWith(After, StringComparison.Ordinal)
                   let size = Number(name[Before.Length..^After.Length]) * Step
                   orderby size
                   select new HugePageSize(size, Number(File.ReadAllText(Path.Combine(path, "nr_hugepages")))),
            ];

    private static long Number(string text) => long.Parse(text.Trim(), CultureInfo.InvariantCulture);
}
