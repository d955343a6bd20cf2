using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Core.Nodes;

/// <summary>What every node gets from the cluster, whoever registered it.</summary>
public static class NodeFurnishingPlanner
{
    /// <summary>For how many seconds the node's agent may rely on a copy of a Secret or ConfigMap.</summary>
    public const string TimeToLive = "node.alpha.kubernetes.io/ttl";

    /// <summary>
    /// Seconds by the number of nodes. The sizes overlap, so that a cluster at a border does not write to all its
    /// nodes again and again.
    /// </summary>
    private static readonly (int Least, int Most, int Seconds)[] TimesToLive =
        [(0, 100, 0), (90, 500, 15), (450, 1_000, 30), (900, 2_000, 60), (1_800, int.MaxValue, 300)];

    /// <summary>Old names of labels: programs of long ago select by them.</summary>
    private static readonly (string Name, string Old)[] Renamed =
    [
        ("kubernetes.io/os", "beta.kubernetes.io/os"),
        ("kubernetes.io/arch", "beta.kubernetes.io/arch"),
    ];

    /// <summary>The step of <see cref="TimesToLive"/> for so many nodes, coming from another step.</summary>
    public static int StepOf(int nodes, int before)
    {
        while (nodes > TimesToLive[before].Most)
        {
            before++;
        }

        while (nodes < TimesToLive[before].Least)
        {
            before--;
        }

        return before;
    }

    /// <summary>A merge patch with what the node lacks; null when it lacks nothing.</summary>
    /// <param name="node">The node.</param>
    /// <param name="step">See <see cref="StepOf"/>.</param>
    /// <param name="ranges">Ranges of pods' addresses that it is given; none when it has its own.</param>
    public static JsonObject? Patch(ResourceObject node, int step, IReadOnlyList<IPNetwork> ranges)
    {
        var metadata = new JsonObject();
        if (Wanted(node.Metadata.Labels) is { Count: > 0 } labels)
        {
            metadata["labels"] = labels;
        }

        var seconds = TimesToLive[step].Seconds;
        if (!node.Metadata.Annotations.TryGetValue(TimeToLive, out var text)
            || !int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var current)
            || current != seconds)
        {
            metadata["annotations"] = new JsonObject { [TimeToLive] = seconds.ToString(CultureInfo.InvariantCulture) };
        }

        if (metadata.Count == 0 && ranges.Count == 0)
        {
            return null;
        }

        metadata["uid"] = node.Uid;
        var patch = new JsonObject { ["metadata"] = metadata };
        if (ranges.Count > 0)
        {
            patch["spec"] = new JsonObject
            {
                ["podCIDR"] = ranges[0].ToString(),
                ["podCIDRs"] = new JsonArray([.. ranges.Select(static r => JsonValue.Create(r.ToString()))]),
            };
        }

        return patch;
    }

    private static JsonObject Wanted(IReadOnlyDictionary<string, string> labels) => new(
        from label in Renamed
        where labels.ContainsKey(label.Name) && labels.GetValueOrDefault(label.Old) != labels[label.Name]
        select KeyValuePair.Create(label.Old, (JsonNode?)JsonValue.Create(labels[label.Name])));
}
