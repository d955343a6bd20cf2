using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// What a pod occupies: its containers together, or, where larger, what one init container needs beside the sidecars
/// started before it; plus
/// overhead. Pod-level resources, where given, stand for the sum.
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
        var total = NewAmounts();
        foreach (var container in PodShapeParser.Items(spec, "containers"))
        {
            Add(total, ContainerRequests(container, podLevel, forScoring));
        }

        var sidecars = NewAmounts();
        var peak = NewAmounts();
        foreach (var container in PodShapeParser.Items(spec, "initContainers"))
        {
            var requests = ContainerRequests(container, podLevel, forScoring);
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
    }

    private static Dictionary<string, long> ContainerRequests(
        JsonElement container, Dictionary<string, long> podLevel, bool forScoring)
    {
        var requests = Read(PodShapeParser.Property(PodShapeParser.Property(container, "resources"), "requests"));
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
