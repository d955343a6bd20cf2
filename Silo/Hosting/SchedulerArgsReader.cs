using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// Reads the arguments of a profile's plugins: how NodeResourcesFit scores, and what required affinity weighs. Others
/// take none here.
/// </summary>
internal static class SchedulerArgsReader
{
    private const int MaxWeight = 100;

    /// <summary>Functions say 0 to 10, plugins 0 to 100.</summary>
    private const int ScoreFactor = 10;

    /// <summary>The profile with what its plugins are told.</summary>
    public static SchedulerProfile Read(ConfigurationNode node, string path, SchedulerProfile profile)
    {
        foreach (var (i, plugin) in node.Children("pluginConfig").Index())
        {
            var (name, args, at) = (plugin.Text("name"), plugin.Child("args"), $"{path}.pluginConfig[{i}]");
            _ = (args.Text("apiVersion"), args.Text("kind"));
            profile = name switch
            {
                "NodeResourcesFit" => profile with { ResourceScoring = Scoring(args, $"{at}.args") },
                "InterPodAffinity" => profile with { HardPodAffinityWeight = HardWeight(args, $"{at}.args") },
                _ => throw new ConfigurationException(
                    $"{at}.name: Invalid value: {GoText.Quote(name)}: this plugin takes no arguments here"),
            };
        }

        return profile;
    }

    private static int HardWeight(ConfigurationNode args, string path)
    {
        const string field = "hardPodAffinityWeight";
        var weight = args.Has(field) ? args.Number(field) : 1;
        return weight is >= 0 and <= MaxWeight
            ? weight
            : throw new ConfigurationException(
                $"{path}.{field}: Invalid value: {weight}: not in valid range [0, {MaxWeight}]");
    }

    private static ResourceScoring Scoring(ConfigurationNode args, string path)
    {
        if (!args.Has("scoringStrategy"))
        {
            return ResourceScoring.Default;
        }

        var (strategy, at) = (args.Child("scoringStrategy"), $"{path}.scoringStrategy");
        var type = strategy.Text("type");
        var names = Enum.GetNames<ResourceStrategy>();
        if (!names.Contains(type))
        {
            var all = names.Order(StringComparer.Ordinal).Select(GoText.Quote);
            throw new ConfigurationException(
                $"{at}.type: Unsupported value: {GoText.Quote(type)}: supported values: {string.Join(", ", all)}");
        }

        var known = Enum.Parse<ResourceStrategy>(type);
        var scoring = new ResourceScoring { Strategy = known };
        var resources = strategy.Children("resources").Select((r, i) => Resource(r, $"{at}.resources[{i}]")).ToList();
        return scoring with
        {
            Resources = resources.Count > 0 ? resources : scoring.Resources,
            Shape = known == ResourceStrategy.RequestedToCapacityRatio
                ? Shape(strategy.Child("requestedToCapacityRatio"), $"{at}.requestedToCapacityRatio.shape")
                : [],
        };
    }

    private static (string Name, int Weight) Resource(ConfigurationNode node, string path)
    {
        var weight = node.Has("weight") ? node.Number("weight") : 1;
        return weight is > 0 and <= MaxWeight
            ? (node.Text("name"), weight)
            : throw new ConfigurationException(
                $"{path}.weight: Invalid value: {weight}: resource weight of {node.Text("name")} " +
                $"not in valid range [1, {MaxWeight}]");
    }

    private static List<(int Utilization, int Score)> Shape(ConfigurationNode node, string path)
    {
        var points = node.Children("shape").Select(static p => (p.Number("utilization"), p.Number("score"))).ToList();
        if (points.Count == 0)
        {
            throw new ConfigurationException($"{path}: Required value: at least one point must be specified");
        }

        for (var i = 0; i < points.Count; i++)
        {
            var (utilization, score) = points[i];
            if (utilization is < 0 or > 100)
            {
                throw new ConfigurationException(
                    $"{path}[{i}].utilization: Invalid value: {utilization}: not in valid range 0-100");
            }

            if (score is < 0 or > ScoreFactor)
            {
                throw new ConfigurationException($"{path}[{i}].score: Invalid value: {score}: not in valid range 0-10");
            }

            if (i > 0 && utilization <= points[i - 1].Item1)
            {
                throw new ConfigurationException($"{path}[{i}].utilization: Invalid value: {utilization}: " +
                    "utilization values must be sorted in increasing order");
            }
        }

        return [.. points.Select(static p => (p.Item1, p.Item2 * ScoreFactor))];
    }
}
