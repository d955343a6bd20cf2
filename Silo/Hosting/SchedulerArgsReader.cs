using System.Text.Json;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>Reads the arguments of a profile's plugins. Plugins that take none are refused any.</summary>
internal static class SchedulerArgsReader
{
    private const int MaxWeight = 100;

    private static readonly Dictionary<string, Reader> Readers = new(StringComparer.Ordinal)
    {
        ["DefaultPreemption"] = ReadPreemption,
        ["DynamicResources"] = ReadDevices,
        ["InterPodAffinity"] = ReadPodAffinity,
        ["NodeAffinity"] = AddedAffinityReader.Read,
        ["NodeResourcesBalancedAllocation"] = ReadBalance,
        ["NodeResourcesFit"] = FitArgsReader.Read,
        ["PodTopologySpread"] = DefaultSpreadReader.Read,
        ["VolumeBinding"] = ReadVolumes,
    };

    private delegate SchedulerProfile Reader(
        ConfigurationNode args, FieldPath path, SchedulerProfile profile, FieldErrors errors);

    /// <summary>The profile with what its plugins are told.</summary>
    public static SchedulerProfile Read(
        ConfigurationNode node, FieldPath path, SchedulerProfile profile, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, plugin) in node.Children("pluginConfig").Index())
        {
            var (name, args, at) = (plugin.Text("name"), plugin.Child("args"), path.Child("pluginConfig").Index(i));
            if (!seen.Add(name))
            {
                errors.Duplicate(at, name);
            }

            if (!Readers.TryGetValue(name, out var read))
            {
                throw new ConfigurationException(
                    $"{at.Child("name")}: Invalid value: {GoText.Quote(name)}: this plugin takes no arguments here");
            }

            CheckKind(args, name);
            profile = read(args, at.Child("args"), profile, errors);
        }

        return profile;
    }

    /// <summary>Of resources that count for a score; a weight that is not given is 1.</summary>
    internal static List<(string Name, int Weight)> Resources(ConfigurationNode node) =>
    [
        .. node.Children("resources").Select(
            static r => (r.Text("name"), r.Number("weight") is not 0 and var weight ? weight : 1)),
    ];

    internal static void CheckWeights(List<(string Name, int Weight)> resources, FieldPath path, FieldErrors errors)
    {
        foreach (var (i, (name, weight)) in resources.Index())
        {
            if (weight is <= 0 or > MaxWeight)
            {
                errors.Invalid(
                    path.Index(i).Child("weight"), weight,
                    $"resource weight of {name} not in valid range (0, {MaxWeight}]");
            }
        }
    }

    /// <summary>Arguments may say what they are.</summary>
    private static void CheckKind(ConfigurationNode args, string plugin)
    {
        _ = args.Text("apiVersion");
        if (args.Text("kind") is { Length: > 0 } kind && kind != $"{plugin}Args")
        {
            throw new ConfigurationException(
                $"args for plugin {plugin} were not of type {plugin}Args.kubescheduler.config.k8s.io, " +
                $"got {kind}.kubescheduler.config.k8s.io");
        }
    }

    private static SchedulerProfile ReadPreemption(
        ConfigurationNode args, FieldPath path, SchedulerProfile profile, FieldErrors errors)
    {
        const string percentage = "minCandidateNodesPercentage", absolute = "minCandidateNodesAbsolute";
        var limits = new PreemptionLimits(
            args.MaybeNumber(percentage) ?? profile.Preemption.MinPercentage,
            args.MaybeNumber(absolute) ?? profile.Preemption.MinCandidates);
        if (limits.MinPercentage is < 0 or > 100)
        {
            errors.Invalid(path.Child(percentage), limits.MinPercentage, "not in valid range [0, 100]");
        }

        if (limits.MinCandidates < 0)
        {
            errors.Invalid(path.Child(absolute), limits.MinCandidates, "not in valid range [0, inf)");
        }

        if (limits is { MinPercentage: 0, MinCandidates: 0 })
        {
            errors.Invalid(path.Child(percentage), 0, $"cannot be zero at the same time as {absolute}");
            errors.Invalid(path.Child(absolute), 0, $"cannot be zero at the same time as {percentage}");
        }

        return profile with { Preemption = limits };
    }

    private static SchedulerProfile ReadPodAffinity(
        ConfigurationNode args, FieldPath path, SchedulerProfile profile, FieldErrors errors)
    {
        const string field = "hardPodAffinityWeight";
        var weight = args.MaybeNumber(field) ?? profile.HardPodAffinityWeight;
        if (weight is < 0 or > MaxWeight)
        {
            errors.Invalid(path.Child(field), weight, $"not in valid range [0, {MaxWeight}]");
        }

        return profile with
        {
            HardPodAffinityWeight = weight,
            IgnoresPreferencesOfOthers = args.Flag("ignorePreferredTermsOfExistingPods") == true,
        };
    }

    private static SchedulerProfile ReadBalance(
        ConfigurationNode args, FieldPath path, SchedulerProfile profile, FieldErrors errors)
    {
        var (resources, seen) = (Resources(args), new HashSet<string>(StringComparer.Ordinal));
        foreach (var (i, (name, weight)) in resources.Index())
        {
            var at = path.Child("resources").Index(i);
            if (!seen.Add(name))
            {
                errors.Duplicate(at.Child("name"), name);
            }

            if (weight != 1)
            {
                errors.Invalid(at.Child("weight"), weight, "must be 1");
            }
        }

        return resources.Count == 0 ? profile : profile with { BalancedResources = [.. seen] };
    }

    /// <summary>
    /// The points of a shape in the order of upstream's fields; what is no list of points as it stands.
    /// </summary>
    private static string PointsOf(JsonElement shape)
    {
        return shape.ValueKind != JsonValueKind.Array
            || shape.EnumerateArray().Any(static p => p.ValueKind != JsonValueKind.Object)
            ? shape.GetRawText()
            : $"[{string.Join(',', shape.EnumerateArray().Select(Point))}]";

        static string Point(JsonElement point) =>
            $$"""{"utilization":{{Field(point, "utilization")}},"score":{{Field(point, "score")}}}""";

        static string Field(JsonElement point, string name) =>
            point.TryGetProperty(name, out var value) ? value.GetRawText() : "0";
    }

    private static SchedulerProfile ReadVolumes(
        ConfigurationNode args, FieldPath path, SchedulerProfile profile, FieldErrors errors)
    {
        const string field = "bindTimeoutSeconds";
        if (args.Foreign("shape") is { } shape)
        {
            errors.Invalid(
                path.Child("shape"), new RawJson(PointsOf(shape)),
                "unexpected field `shape`, remove it or turn on the feature gate StorageCapacityScoring");
        }

        if (args.MaybeNumber(field) is not { } seconds)
        {
            return profile;
        }

        if (seconds < 0)
        {
            errors.Invalid(
                path.Child(field), seconds, "invalid BindTimeoutSeconds, should not be a negative value");
        }

        return profile with { VolumePatience = TimeSpan.FromSeconds(seconds) };
    }

    private static SchedulerProfile ReadDevices(
        ConfigurationNode args, FieldPath path, SchedulerProfile profile, FieldErrors errors)
    {
        const string filter = "filterTimeout", binding = "bindingTimeout";
        var usual = profile.Devices;
        var limits = new DeviceLimits
        {
            Search = args.MaybeDuration(filter) ?? usual.Search,
            Preparation = args.MaybeDuration(binding) ?? usual.Preparation,
        };
        if (limits.Search < TimeSpan.Zero)
        {
            errors.Invalid(path.Child(filter), args.Text(filter), "must be zero or positive");
        }

        if (limits.Preparation < TimeSpan.FromSeconds(1))
        {
            errors.Invalid(path.Child(binding), args.Text(binding), "must be at least 1 second");
        }

        return profile with { Devices = limits };
    }
}
