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
    private const string Score = "score";

    /// <summary>Plugins score up to 100; half of what can be counted is for those that nothing is said of.</summary>
    private const int MaxWeights = int.MaxValue / 200;

    /// <summary>Where plugins take part that can be turned off.</summary>
    private static readonly Dictionary<SchedulingPoint, string> Points = new()
    {
        [SchedulingPoint.PreEnqueue] = "preEnqueue",
        [SchedulingPoint.PreFilter] = "preFilter",
        [SchedulingPoint.Filter] = "filter",
        [SchedulingPoint.PostFilter] = "postFilter",
        [SchedulingPoint.Score] = Score,
    };

    private static readonly PluginSet Usual = PluginSet.Default(new ClusterTables());

    /// <summary>What others hand on in a place of their own; nothing of it can be turned off alone.</summary>
    private static readonly string[] FixedPoints =
        ["queueSort", "preScore", "reserve", "permit", "preBind", "bind", "postBind"];

    /// <summary>Those that have no place where they can be turned off.</summary>
    private static readonly string[] Needed = ["PrioritySort", "VolumeBinding", "DynamicResources", "DefaultBinder"];

    private static readonly string[] Known =
        [.. Points.Keys.SelectMany(Usual.NamesAt).Concat(Needed).Distinct(StringComparer.Ordinal)];

    /// <summary>Those whose scores may weigh something.</summary>
    private static readonly string[] Scoring = [.. Usual.NamesAt(SchedulingPoint.Score), "VolumeBinding"];

    /// <summary>Reads a profile.</summary>
    /// <param name="node">The profile.</param>
    /// <param name="path">Where it stands.</param>
    /// <param name="name">Its name.</param>
    /// <param name="errors">Told what is wrong.</param>
    public static SchedulerProfile Read(ConfigurationNode node, FieldPath path, string name, FieldErrors errors)
    {
        var (plugins, at) = (node.Child("plugins"), path.Child("plugins"));
        var everywhere = Choice.Read(plugins, "multiPoint", at, errors);
        foreach (var field in FixedPoints)
        {
            if (Choice.Read(plugins, field, at, errors).Off.Count > 0)
            {
                errors.Forbidden(at.Child(field, "disabled"), "nothing can be turned off there alone");
            }
        }

        var disabled = new HashSet<(SchedulingPoint, string)>();
        var weights = new Dictionary<string, int>(everywhere.Weights, StringComparer.Ordinal);
        foreach (var (point, field) in Points)
        {
            var here = Choice.Read(plugins, field, at, errors);
            disabled.UnionWith(Usual.NamesAt(point).Where(p => MayGo(point, p))
                .Where(p => !here.IsOn(p, everywhere.IsOn(p, true))).Select(p => (point, p)));
            foreach (var (plugin, weight) in here.Weights.Where(_ => field == Score))
            {
                weights[plugin] = weight;
            }
        }

        if (weights.Values.Sum(static w => (long)w) > MaxWeights)
        {
            errors.Invalid(at, "total score of Score plugins could overflow");
        }

        var profile = new SchedulerProfile { Name = name, Disabled = disabled, Weights = weights };
        return SchedulerArgsReader.Read(node, path, profile, errors);
    }

    /// <summary>What is needed can be without a score, when all are.</summary>
    private static bool MayGo(SchedulingPoint point, string plugin) =>
        point == SchedulingPoint.Score || !Needed.Contains(plugin);

    /// <summary>What one place, or all, says of plugins.</summary>
    private sealed record Choice(
        IReadOnlySet<string> On, IReadOnlySet<string> Off, IReadOnlyDictionary<string, int> Weights)
    {
        public static Choice Read(ConfigurationNode plugins, string field, FieldPath path, FieldErrors errors)
        {
            var (node, at) = (plugins.Child(field), path.Child(field));
            var weights = new Dictionary<string, int>(StringComparer.Ordinal);
            HashSet<string> on = [], off = [];
            foreach (var (i, plugin) in node.Children("enabled").Index())
            {
                var (name, weight) = (plugin.Text("name"), plugin.Number("weight"));
                if (WhyNot(name, field, on) is { } complaint)
                {
                    errors.Invalid(at.Child("enabled").Index(i), name, complaint);
                }

                on.Add(name);
                weights[name] = weight == 0 ? 1 : weight; // none is 1, even where a plugin usually weighs more
            }

            foreach (var plugin in node.Children("disabled"))
            {
                _ = plugin.Number("weight");
                off.Add(plugin.Text("name"));
            }

            foreach (var needed in Needed.Where(n => off.Contains(n) && !on.Contains(n)))
            {
                errors.Forbidden(at.Child("disabled"), $"{GoText.Quote(needed)} cannot be turned off here");
            }

            return new Choice(on, off, weights);
        }

        public bool IsOn(string plugin, bool usually) =>
            On.Contains(plugin) || (usually && !Off.Contains(plugin) && !Off.Contains(All));

        /// <summary>What is wrong with turning a plugin on in a place, after others.</summary>
        private static string? WhyNot(string name, string field, HashSet<string> others) =>
            !Known.Contains(name) ? $"{TypeOf(field)} {GoText.Quote(name)} does not exist"
            : field == Score && !Scoring.Contains(name)
                ? $"plugin {GoText.Quote(name)} does not extend {TypeOf(field)} plugin"
            : others.Contains(name)
                ? $"plugin {GoText.Quote(name)} already registered as {GoText.Quote(TypeOf(field))}"
            : null;

        /// <summary>Upstream's name of what takes part in a place.</summary>
        private static string TypeOf(string field) =>
            field == "multiPoint" ? "Plugin" : $"{char.ToUpperInvariant(field[0])}{field[1..]}Plugin";
    }
}
