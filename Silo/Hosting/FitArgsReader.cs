using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// Reads upstream's NodeResourcesFitArgs: what nodes need not have, and how what they have left is scored.
/// </summary>
internal static class FitArgsReader
{
    private const int MaxUtilization = 100;

    /// <summary>Functions say 0 to 10, plugins 0 to 100.</summary>
    private const int MaxScore = 10;

    public static SchedulerProfile Read(
        ConfigurationNode args, FieldPath path, SchedulerProfile profile, FieldErrors errors)
    {
        var names = args.Texts("ignoredResources");
        foreach (var (i, name) in names.Index())
        {
            errors.InvalidEach(path.Child("ignoredResources").Index(i), name, NameRules.QualifiedName(name));
        }

        var groups = args.Texts("ignoredResourceGroups");
        foreach (var (i, group) in groups.Index())
        {
            var at = path.Child("ignoredResourceGroups").Index(i);
            if (group.Contains('/', StringComparison.Ordinal))
            {
                errors.Invalid(at, group, "resource group name can't contain '/'");
            }

            errors.InvalidEach(at, group, NameRules.QualifiedName(group));
        }

        return profile with
        {
            IgnoredResources = new IgnoredResources(
                names.ToHashSet(StringComparer.Ordinal), groups.ToHashSet(StringComparer.Ordinal)),
            ResourceScoring = args.Has("scoringStrategy")
                ? ReadScoring(args.Child("scoringStrategy"), path.Child("scoringStrategy"), errors)
                : ResourceScoring.Default,
        };
    }

    private static ResourceScoring ReadScoring(ConfigurationNode node, FieldPath path, FieldErrors errors)
    {
        var (type, all) = (node.Text("type"), Enum.GetNames<ResourceStrategy>());
        if (!all.Contains(type))
        {
            errors.NotSupported(path.Child("type"), type, all.Order(StringComparer.Ordinal));
        }

        var resources = SchedulerArgsReader.Resources(node);
        SchedulerArgsReader.CheckWeights(resources, path.Child("resources"), errors);
        var isFunction = type == nameof(ResourceStrategy.RequestedToCapacityRatio);
        const string field = "requestedToCapacityRatio";
        if (isFunction && !node.Has(field))
        {
            errors.Required(path.Child(field), $"must be specified when type is {type}");
        }
        else if (!isFunction && node.Has(field))
        {
            errors.Forbidden(path.Child(field), "must be nil when type is not RequestedToCapacityRatio");
        }

        var shape = node.Child(field).Children("shape")
            .Select(static p => (Utilization: p.Number("utilization"), Score: p.Number("score"))).ToList();
        if (isFunction && node.Has(field))
        {
            CheckShape(shape, path.Child(field, "shape"), errors);
        }

        return new ResourceScoring
        {
            Strategy = all.Contains(type) ? Enum.Parse<ResourceStrategy>(type) : default,
            Resources = resources.Count > 0 ? resources : ResourceScoring.Default.Resources,
            Shape = [.. shape.Select(static p => (p.Utilization, p.Score * (MaxUtilization / MaxScore)))],
        };
    }

    private static void CheckShape(List<(int Utilization, int Score)> shape, FieldPath path, FieldErrors errors)
    {
        if (shape.Count == 0)
        {
            errors.Required(path, "at least one point must be specified");
        }

        var unsorted = Enumerable.Range(1, Math.Max(0, shape.Count - 1))
            .FirstOrDefault(i => shape[i - 1].Utilization >= shape[i].Utilization);
        if (unsorted > 0)
        {
            errors.Invalid(
                path.Index(unsorted).Child("utilization"), shape[unsorted].Utilization,
                "values must be sorted in increasing order");
        }

        foreach (var (i, (utilization, score)) in shape.Index())
        {
            CheckRange(utilization, MaxUtilization, path.Index(i).Child("utilization"), errors);
            CheckRange(score, MaxScore, path.Index(i).Child("score"), errors);
        }
    }

    private static void CheckRange(int value, int max, FieldPath path, FieldErrors errors)
    {
        if (value < 0 || value > max)
        {
            errors.Invalid(path, value, $"not in valid range [0, {max}]");
        }
    }
}
