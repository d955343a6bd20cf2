using System.Globalization;
using System.Text;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Security;

/// <summary>
/// The work that an object makes grows with its size and not with the square of it, whichever of its lists and maps is
/// long: equal elements and distinct ones, right ones and wrong ones, in every kind, down to the lists of containers.
/// What counts is the memory that a thread takes and, where it is much, the processor's time that it alone uses: how
/// loaded the machine is does not matter.
/// </summary>
public sealed class LargeListsTests
{
    private const int Factor = 8;

    /// <summary>Lists below these steps have elements that are large, and so are few.</summary>
    private const int MaxSteps = 3;

    /// <summary>
    /// Linear work takes eight times as much for eight times as much; work by the square takes 64 times.
    /// </summary>
    private const int MaxGrowth = 24;

    /// <summary>Below these, growth is noise (compiling, a collection), and no harm.</summary>
    private const long FreeBytes = 8 * 1024 * 1024;

    private const string Metadata = "metadata.";

    private static readonly TimeSpan FreeTime = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// The small object's time counts as no less than this: with all collections taken off it may be next to nothing,
    /// and work that grows with the object takes this much before the large one's is no longer free.
    /// </summary>
    private static readonly TimeSpan LeastTime = FreeTime / Factor;

    public static TheoryData<string> Kinds => [.. BuiltInResources.Table.All.Select(d => d.ToString())];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void WorkGrowsWithTheObjectAndNotWithItsSquare(string resource)
    {
        var definition = BuiltInResources.Table.All.Single(d => d.ToString() == resource);
        // Pods have the most lists and the most subresources.
        var small = definition.Name == WellKnown.Pods ? 2 * 1024 : 4 * 1024;
        var slow = new List<string>();
        foreach (var path in Paths(definition))
        {
            slow.AddRange(
                Enum.GetValues<GrownElements>().Select(e => Complaint(definition, path, e, small)).OfType<string>());
        }

        Assert.True(slow.Count == 0, string.Join('\n', slow));
    }

    /// <summary>The lists of metadata are the same in every kind: those of one are enough.</summary>
    private static IEnumerable<string> Paths(ResourceDefinition definition) =>
        from path in GrownObjects.Paths(definition.Model())
        where path.Count(c => c == '.') < MaxSteps
        where definition.Name == WellKnown.ConfigMaps || !path.StartsWith(Metadata, StringComparison.Ordinal)
        select path;

    private static string? Complaint(ResourceDefinition definition, string path, GrownElements elements, int size)
    {
        var large = Measure(definition, path, elements, size * Factor);
        if (large.Bytes < FreeBytes && large.Time < FreeTime)
        {
            return null;
        }

        // The best of some runs: the first ones compile.
        var small = Measure(definition, path, elements, size);
        for (var i = 0; i < 3 && IsSquare(small, large); i++)
        {
            small = Best(small, Measure(definition, path, elements, size));
            large = Best(large, Measure(definition, path, elements, size * Factor));
        }

        return IsSquare(small, large)
            ? $"{definition.Name} {path} {elements}: {small.Bytes >> 10} → {large.Bytes >> 10} KiB, "
                + $"{small.Time.TotalMilliseconds:0.0} → {large.Time.TotalMilliseconds:0.0} ms"
            : null;
    }

    private static bool IsSquare((long Bytes, TimeSpan Time) small, (long Bytes, TimeSpan Time) large) =>
        (large.Bytes > FreeBytes && large.Bytes > small.Bytes * MaxGrowth)
        || (large.Time > FreeTime && large.Time > Longer(small.Time, LeastTime) * MaxGrowth);

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static (long Bytes, TimeSpan Time) Best((long Bytes, TimeSpan Time) a, (long Bytes, TimeSpan Time) b) =>
        (Math.Min(a.Bytes, b.Bytes), a.Time < b.Time ? a.Time : b.Time);

    private static (long Bytes, TimeSpan Time) Measure(
        ResourceDefinition definition, string path, GrownElements elements, int size)
    {
        var json = Encoding.UTF8.GetBytes(GrownObjects.Make(definition, path, elements, size).ToJsonString());
        var (bytes, time, paused) =
            (GC.GetAllocatedBytesForCurrentThread(), ThreadTime(), GC.GetTotalPauseDuration());
        ObjectWork.Do(definition, json);
        // Collections may run on this thread, and take as long as all that other tests hold wants.
        var worked = ThreadTime() - time - (GC.GetTotalPauseDuration() - paused);
        return (GC.GetAllocatedBytesForCurrentThread() - bytes, worked > TimeSpan.Zero ? worked : TimeSpan.Zero);
    }

    /// <summary>What the kernel says that this thread has run.</summary>
    private static TimeSpan ThreadTime() => TimeSpan.FromMicroseconds(
        long.Parse(File.ReadAllText("/proc/thread-self/schedstat").Split(' ')[0], CultureInfo.InvariantCulture) / 1000.0);
}
