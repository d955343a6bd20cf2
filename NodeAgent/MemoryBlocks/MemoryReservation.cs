using System.Collections.Immutable;
using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Numa;

namespace OrleansOrchestrator.NodeAgent.MemoryBlocks;

/// <summary>What of each NUMA node's memory is kept from pods. Pure.</summary>
/// <param name="ByNode">In bytes, by node and type.</param>
public sealed record MemoryReservation(IReadOnlyDictionary<int, IReadOnlyDictionary<string, long>> ByNode)
{
    /// <summary>What the options say; null where no memory is given.</summary>
    /// <exception cref="InvalidDataException">It cannot be had on this machine; the text is upstream's.</exception>
    public static MemoryReservation? Of(NodeAgentOptions options, MachineTopology machine)
    {
        Require(
            options.Resources.MemoryPolicy is ResourceOptions.NoMemory or ResourceOptions.StaticMemory,
            $"unknown policy: {GoQuotes.Quote(options.Resources.MemoryPolicy)}");
        var reserved = Parse(options.Resources.ReservedMemory);
        if (!options.Resources.PinsMemory)
        {
            return null;
        }

        foreach (var node in reserved.Keys)
        {
            Require(
                machine.Memory.ContainsKey(node),
                $"the reserved memory configuration references a NUMA node {Text(node)} that does not exist on this " +
                "machine");
        }

        Require(
            reserved.Values.Any(static n => n.GetValueOrDefault("memory") > 0),
            "[memorymanager] you should specify the system reserved memory");
        var kept = options.SystemReservedMemoryBytes + EvictionThreshold.KeptFree(
            options.Housekeeping.Eviction.HardThresholds(), EvictionSignal.MemoryAvailable,
            machine.Memory.Values.Sum(static m => m.Bytes));
        foreach (var (type, bytes) in reserved.Values.SelectMany(static n => n).GroupBy(
            static t => t.Key, static t => t.Value, (type, all) => (type, all.Sum())))
        {
            var node = type == "memory" ? kept : 0;
            Require(
                bytes == node,
                $"the total amount \"{Size(bytes)}\" of type \"{type}\" is not equal to the value \"{Size(node)}\" " +
                "determined by Node Allocatable feature");
        }

        return new MemoryReservation(reserved);
    }

    /// <summary>The machine with nobody on it.</summary>
    public MemoryState Empty(MachineTopology machine) => MemoryState.None with
    {
        Nodes = machine.Memory.ToImmutableSortedDictionary(
            static n => n.Key, n => new MemoryNode(0, NumaSet.Of(n.Key), Tables(n.Key, n.Value))),
    };

    private ImmutableSortedDictionary<string, MemoryTable> Tables(int node, NumaMemory memory)
    {
        var pages = memory.HugePages.Select(size => (Type: size.Resource, size.Bytes, Pages: 0L));
        return pages.Append((Type: "memory", memory.Bytes, Pages: memory.HugePages.Sum(static s => s.Bytes)))
            .ToImmutableSortedDictionary(
                static t => t.Type,
                t =>
                {
                    var kept = ByNode.GetValueOrDefault(node)?.GetValueOrDefault(t.Type) ?? 0;
                    return new MemoryTable(t.Bytes, kept, Math.Max(0, t.Bytes - kept - t.Pages), 0);
                },
                StringComparer.Ordinal);
    }

    private static Dictionary<int, IReadOnlyDictionary<string, long>> Parse(string text)
    {
        var all = new Dictionary<int, IReadOnlyDictionary<string, long>>();
        foreach (var part in text.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var words = part.Split(':');
            Require(
                words.Length == 2,
                "the reserved memory has incorrect format, expected numaNodeID:type=quantity[,type=quantity...], " +
                $"got {part}");
            Require(
                int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var node)
                    && node < NumaSet.Limit,
                $"failed to convert the NUMA node ID, exptected integer, got {words[0]}");
            var amounts = new Dictionary<string, long>(all.GetValueOrDefault(node) ?? new Dictionary<string, long>());
            foreach (var (type, bytes) in words[1].Split(',').Select(Amount))
            {
                Require(
                    amounts.TryAdd(type, bytes),
                    "invalid configuration: the reserved memory has a duplicate value for NUMA node " +
                    $"{Text(node)} and resource \"{type}\"");
                Require(
                    bytes > 0,
                    $"invalid configuration: reserved memory may not be zero for NUMA node {Text(node)} and resource " +
                    $"\"{type}\"");
            }

            all[node] = amounts;
        }

        return all;
    }

    private static (string Type, long Bytes) Amount(string text)
    {
        var words = text.Split('=');
        Require(
            words.Length == 2,
            $"the reserved memory has incorrect value for memory type, expected type=quantity, got {text}");
        Require(
            MemoryPlanner.IsMemory(words[0]),
            $"memory type conversion error, unknown type: {GoQuotes.Quote(words[0])}");
        try
        {
            return (words[0], (long)decimal.Ceiling(new ResourceQuantity(words[1]).ToDecimal()));
        }
        catch (Exception problem) when (problem is FormatException or ArgumentException or OverflowException)
        {
            throw new InvalidDataException($"failed to parse the quantity, expected quantity, got {words[1]}");
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Size(long bytes) =>
        new ResourceQuantity(bytes, 0, ResourceQuantity.SuffixFormat.BinarySI).ToString();

    private static void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw new InvalidDataException(problem);
        }
    }
}
