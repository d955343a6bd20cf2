using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// What a pod occupies: its containers together, or, where larger, what one init container needs beside the sidecars
/// started before it; plus overhead. Pod-level resources, where given, stand for the sum. While a pod is resized, the
/// most of what it asks for, was given and has counts, except what it asks for in vain.
/// </summary>
internal static class PodRequestsCalculator
{
    private const string Cpu = "cpu";
    private const string Memory = "memory";
    private const string EphemeralStorage = "ephemeral-storage";
    private const string HugePagesPrefix = "hugepages-";

    /// <summary>Assumed for scoring when a container requests no cpu.</summary>
    private const long UnrequestedMilliCpu = 100;

    /// <summary>Assumed for scoring when a container requests no memory.</summary>
    private const long UnrequestedMemoryBytes = 200L * 1024 * 1024;

    public static PodRequests Compute(JsonElement spec, ScalarResources scalars)
    {
        var requested = Total(spec, forScoring: false);
        var scoring = Total(spec, forScoring: true);
        return new PodRequests
        {
            MilliCpu = requested.GetValueOrDefault(Cpu),
            MemoryBytes = requested.GetValueOrDefault(Memory),
            EphemeralStorageBytes = requested.GetValueOrDefault(EphemeralStorage),
            ScoringMilliCpu = scoring.GetValueOrDefault(Cpu),
            ScoringMemoryBytes = scoring.GetValueOrDefault(Memory),
            Scalars =
            [
                .. requested
                    .Where(r => r.Value != 0 && r.Key is not (Cpu or Memory or EphemeralStorage))
                    .OrderBy(r => r.Key, StringComparer.Ordinal)
                    .Select(r => new ScalarAmount(scalars.IndexOf(r.Key), r.Value)),
            ],
        };
    }

    /// <summary>True for init containers that keep running.</summary>
    public static bool IsSidecar(JsonElement initContainer) =>
        PodShapeParser.Text(initContainer, "restartPolicy") == "Always";

    private static Dictionary<string, long> Total(JsonElement spec, bool forScoring)
    {
        var podLevel = Read(PodShapeParser.Property(PodShapeParser.Property(spec, "resources"), "requests"));
        if (podLevel.Count > 0 && PodShapeParser.Property(spec, "actual") is { } actual)
        {
            podLevel = Occupied(spec, podLevel, actual, PodShapeParser.Property(spec, "allocated"));
        }

        var statuses = PodShapeParser.Items(spec, "containerStatuses")
            .Concat(PodShapeParser.Items(spec, "initContainerStatuses")).ToList();
        var total = NewAmounts();
        foreach (var container in PodShapeParser.Items(spec, "containers"))
        {
            Add(total, ContainerRequests(Amounts(container), podLevel, forScoring));
        }

        var sidecars = NewAmounts();
        var peak = NewAmounts();
        foreach (var container in PodShapeParser.Items(spec, "initContainers"))
        {
            var requests = ContainerRequests(Amounts(container), podLevel, forScoring);
            if (IsSidecar(container))
            {
                Add(total, requests);
                Add(sidecars, requests);
                Raise(peak, sidecars);
            }
            else
            {
                Add(requests, sidecars);
                Raise(peak, requests);
            }
        }

        Raise(total, peak);
        foreach (var (name, amount) in podLevel)
        {
            if (name is Cpu or Memory || name.StartsWith(HugePagesPrefix, StringComparison.Ordinal))
            {
                total[name] = amount;
            }
        }

        Add(total, Read(PodShapeParser.Property(spec, "overhead")));
        return total;

        Dictionary<string, long> Amounts(JsonElement container)
        {
            var asked = Read(PodShapeParser.Property(PodShapeParser.Property(container, "resources"), "requests"));
            var status = statuses.Find(s => PodShapeParser.Text(s, "name") == PodShapeParser.Text(container, "name"));
            return PodShapeParser.Property(status, "resources") is { } has
                ? Occupied(spec, asked, has, PodShapeParser.Property(status, "allocatedResources"))
                : asked;
        }
    }

    private static Dictionary<string, long> Occupied(
        JsonElement spec, Dictionary<string, long> asked, JsonElement actual, JsonElement? allocated)
    {
        var amounts = PodShapeParser.Property(spec, "infeasible") is null ? asked : NewAmounts();
        Raise(amounts, Read(PodShapeParser.Property(actual, "requests")));
        Raise(amounts, Read(allocated));
        return amounts;
    }

    private static Dictionary<string, long> ContainerRequests(
        Dictionary<string, long> requests, Dictionary<string, long> podLevel, bool forScoring)
    {
        if (forScoring && !podLevel.ContainsKey(Cpu))
        {
            requests.TryAdd(Cpu, UnrequestedMilliCpu);
        }

        if (forScoring && !podLevel.ContainsKey(Memory))
        {
            requests.TryAdd(Memory, UnrequestedMemoryBytes);
        }

        return requests;
    }

    /// <summary>A ResourceList as whole units; cpu in thousandths.</summary>
    internal static Dictionary<string, long> Read(JsonElement? list)
    {
        var result = NewAmounts();
        if (list is { ValueKind: JsonValueKind.Object } item)
        {
            foreach (var property in item.EnumerateObject())
            {
                result[property.Name] = ReadAmount(property.Value, property.Name == Cpu);
            }
        }

        return result;
    }

    private static long ReadAmount(JsonElement value, bool inThousandths)
    {
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        return !Quantity.TryParse(text, out var quantity) ? 0 : inThousandths ? quantity.MilliValue : quantity.Value;
    }

    private static Dictionary<string, long> NewAmounts() => new(StringComparer.Ordinal);

    private static void Add(Dictionary<string, long> sum, Dictionary<string, long> more)
    {
        foreach (var (name, amount) in more)
        {
            var before = sum.GetValueOrDefault(name);
            sum[name] = before > long.MaxValue - amount ? long.MaxValue : before + amount;
        }
    }

    private static void Raise(Dictionary<string, long> floor, Dictionary<string, long> other)
    {
        foreach (var (name, amount) in other)
        {
            floor[name] = Math.Max(floor.GetValueOrDefault(name), amount);
        }
    }
}
