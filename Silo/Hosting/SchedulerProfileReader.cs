using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Grains.Scheduling.Plugins;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// Reads one profile of a KubeSchedulerConfiguration. As upstream, <c>multiPoint</c> says for all places at once what
/// each place may say anew, and <c>*</c> turns off all plugins that are on by default.
/// </summary>
internal static class SchedulerProfileReader
{
    private const string All = "*";

    /// <summary>Where plugins take part that can be turned off.</summary>
    private static readonly Dictionary<SchedulingPoint, string> Points = new()
    {
        [SchedulingPoint.PreEnqueue] = "preEnqueue",
        [SchedulingPoint.PreFilter] = "preFilter",
        [SchedulingPoint.Filter] = "filter",
        [SchedulingPoint.PostFilter] = "postFilter",
        [SchedulingPoint.Score] = "score",
    };

    private static readonly PluginSet Usual = PluginSet.Default(new ClusterTables());

    /// <summary>What others hand on in a place of their own; nothing of it can be turned off alone.</summary>
    private static readonly string[] FixedPoints =
        ["queueSort", "preScore", "reserve", "permit", "preBind", "bind", "postBind"];

    /// <summary>Those that have no place where they can be turned off.</summary>
    private static readonly string[] Needed = ["PrioritySort", "VolumeBinding", "DynamicResources", "DefaultBinder"];

    private static readonly string[] Known =
        [.. Points.Keys.SelectMany(Usual.NamesAt).Concat(Needed).Distinct(StringComparer.Ordinal)];

    /// <summary>Reads a profile.</summary>
    /// <param name="node">The profile.</param>
    /// <param name="path">Where it stands.</param>
    /// <param name="name">Its name.</param>
    public static SchedulerProfile Read(ConfigurationNode node, string path, string name)
    {
        var plugins = node.Child("plugins");
        var everywhere = Choice.Read(plugins.Child("multiPoint"), $"{path}.plugins.multiPoint");
        foreach (var field in FixedPoints)
        {
            var choice = Choice.Read(plugins.Child(field), $"{path}.plugins.{field}");
            if (choice.Off.Count > 0)
            {
                throw new ConfigurationException(
                    $"{path}.plugins.{field}.disabled: Forbidden: nothing can be turned off there alone");
            }
        }

        var disabled = new HashSet<(SchedulingPoint, string)>();
        var weights = new Dictionary<string, int>(everywhere.Weights, StringComparer.Ordinal);
        foreach (var (point, field) in Points)
        {
            var here = Choice.Read(plugins.Child(field), $"{path}.plugins.{field}");
            disabled.UnionWith(Usual.NamesAt(point).Where(p => MayGo(point, p))
                .Where(p => !here.IsOn(p, everywhere.IsOn(p, true))).Select(p => (point, p)));
            foreach (var (plugin, weight) in here.Weights)
            {
                weights[plugin] = weight;
            }
        }

        return SchedulerArgsReader.Read(node, path, new SchedulerProfile
        {
            Name = name,
            PercentageOfNodesToScore =
                SchedulerConfigurationFile.Percentage(node, $"{path}.percentageOfNodesToScore"),
            Disabled = disabled,
            Weights = weights,
        });
    }

    /// <summary>What is needed can be without a score, when all are.</summary>
    private static bool MayGo(SchedulingPoint point, string plugin) =>
        point == SchedulingPoint.Score || !Needed.Contains(plugin);

    /// <summary>What one place, or all, says of plugins.</summary>
    private sealed record Choice(
        IReadOnlySet<string> On, IReadOnlySet<string> Off, IReadOnlyDictionary<string, int> Weights)
    {
        public static Choice Read(ConfigurationNode node, string path)
        {
            var weights = new Dictionary<string, int>(StringComparer.Ordinal);
            HashSet<string> on = [], off = [];
            foreach (var plugin in node.Children("enabled"))
            {
                var name = Checked(plugin.Text("name"), $"{path}.enabled");
                on.Add(name);
                if (plugin.Number("weight") is > 0 and var weight)
                {
                    weights[name] = weight;
                }
            }

            foreach (var plugin in node.Children("disabled"))
            {
                _ = plugin.Number("weight");
                var name = plugin.Text("name");
                off.Add(name == All ? name : Checked(name, $"{path}.disabled"));
            }

            if (Needed.FirstOrDefault(off.Contains) is { } needed)
            {
                throw new ConfigurationException(
                    $"{path}.disabled: Forbidden: {GoText.Quote(needed)} cannot be turned off here");
            }

            return new Choice(on, off, weights);
        }

        public bool IsOn(string plugin, bool usually) =>
            On.Contains(plugin) || (usually && !Off.Contains(plugin) && !Off.Contains(All));

        private static string Checked(string name, string path) => Known.Contains(name)
            ? name
            : throw new ConfigurationException($"{path}: Invalid value: {GoText.Quote(name)}: there is no such plugin");
    }
}
