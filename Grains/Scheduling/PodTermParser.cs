using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Interprets what a pod says of other pods.</summary>
internal static class PodTermParser
{
    private const string Required = "requiredDuringSchedulingIgnoredDuringExecution";
    private const string Preferred = "preferredDuringSchedulingIgnoredDuringExecution";

    public static PodTerms? ReadTerms(JsonElement spec)
    {
        var affinity = PodShapeParser.Property(spec, "affinity");
        var near = PodShapeParser.Property(affinity, "podAffinity");
        var away = PodShapeParser.Property(affinity, "podAntiAffinity");
        var terms = new PodTerms(
            [.. PodShapeParser.Items(near, Required).Select(ReadTerm)],
            [.. PodShapeParser.Items(away, Required).Select(ReadTerm)],
            [.. ReadWeighted(near, 1), .. ReadWeighted(away, -1)]);
        return terms is { Affinity.Length: 0, AntiAffinity.Length: 0, Preferred.Length: 0 } ? null : terms;
    }

    public static IEnumerable<SpreadConstraint> ReadSpread(JsonElement spec) =>
        from item in PodShapeParser.Items(spec, "topologySpreadConstraints")
        select new SpreadConstraint
        {
            TopologyKey = PodShapeParser.Text(item, "topologyKey"),
            Selector = ReadSelector(item, "labelSelector") ?? LabelSelector.Nothing,
            MaxSkew = PodShapeParser.Property(item, "maxSkew")?.GetInt32() ?? 1,
            MinDomains = PodShapeParser.Property(item, "minDomains")?.GetInt32() ?? 1,
            IsHard = PodShapeParser.Text(item, "whenUnsatisfiable") != "ScheduleAnyway",
            HonorsAffinity = PodShapeParser.Text(item, "nodeAffinityPolicy") != "Ignore",
            HonorsTaints = PodShapeParser.Text(item, "nodeTaintsPolicy") == "Honor",
        };

    private static IEnumerable<WeightedPodTerm> ReadWeighted(JsonElement? affinity, int sign) =>
        from item in PodShapeParser.Items(affinity, Preferred)
        let weight = PodShapeParser.Property(item, "weight")?.GetInt32() ?? 0
        where weight != 0
        select new WeightedPodTerm(
            sign * weight, ReadTerm(PodShapeParser.Property(item, "podAffinityTerm") ?? default));

    /// <summary>The API has put the labels that <c>matchLabelKeys</c> name into the selector.</summary>
    private static PodTerm ReadTerm(JsonElement term) => new(
        PodShapeParser.Text(term, "topologyKey"),
        ReadSelector(term, "labelSelector") ?? LabelSelector.Nothing,
        PodShapeParser.Property(term, "namespaces") is { ValueKind: JsonValueKind.Array } names
            ? [.. names.EnumerateArray().Select(n => n.GetString() ?? "")]
            : [],
        ReadSelector(term, "namespaceSelector"));

    private static LabelSelector? ReadSelector(JsonElement parent, string name) =>
        PodShapeParser.Property(parent, name) is { } selector
            ? LabelSelector.Of(selector.Deserialize<V1LabelSelector>())
            : null;
}
