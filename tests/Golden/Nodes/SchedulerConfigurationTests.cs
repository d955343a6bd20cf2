using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Grains.Scheduling.Plugins;
using OrleansOrchestrator.Silo.Hosting;
using Xunit;

namespace OrleansOrchestrator.Golden.Nodes;

/// <summary>Configurations of the scheduler, as people have them for kube-scheduler.</summary>
public sealed class SchedulerConfigurationTests : IDisposable
{
    private static readonly string[] Head =
        ["apiVersion: kubescheduler.config.k8s.io/v1", "kind: KubeSchedulerConfiguration"];

    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Profiles_choose_plugins_weights_and_how_nodes_are_filled()
    {
        var settings = Read(
            """
            leaderElection: {leaderElect: false}
            percentageOfNodesToScore: 40
            profiles:
            - schedulerName: default-scheduler
            - schedulerName: packed
              percentageOfNodesToScore: 100
              plugins:
                multiPoint: {enabled: [{name: TaintToleration, weight: 9}], disabled: [{name: ImageLocality}]}
                filter: {disabled: [{name: NodePorts}]}
                postFilter: {disabled: [{name: "*"}]}
                score: {enabled: [{name: NodeResourcesFit, weight: 5}], disabled: [{name: "*"}]}
              pluginConfig:
              - name: NodeResourcesFit
                args:
                  scoringStrategy:
                    type: RequestedToCapacityRatio
                    resources: [{name: cpu, weight: 3}, {name: example.com/gpu}]
                    requestedToCapacityRatio:
                      shape: [{utilization: 0, score: 0}, {utilization: 100, score: 10}]
              - name: InterPodAffinity
                args: {hardPodAffinityWeight: 7}
            """);
        Assert.Equal(40, settings.PercentageOfNodesToScore);
        Assert.Equal(["default-scheduler", "packed"], settings.Profiles.Select(p => p.Name));
        Assert.Empty(settings.Profiles[0].Disabled);
        var packed = settings.Profiles[1];
        Assert.Equal((100, 7), (packed.PercentageOfNodesToScore, packed.HardPodAffinityWeight));
        Assert.False(packed.Has(SchedulingPoint.Filter, "NodePorts"));
        Assert.True(packed.Has(SchedulingPoint.Filter, "NodeResourcesFit"));
        Assert.False(packed.Has(SchedulingPoint.PostFilter, "DefaultPreemption"));
        Assert.True(packed.Has(SchedulingPoint.Score, "NodeResourcesFit"));
        Assert.False(packed.Has(SchedulingPoint.Score, "PodTopologySpread"));
        Assert.Equal((5, 9, 2), (
            packed.WeightOf("NodeResourcesFit", 1), packed.WeightOf("TaintToleration", 3),
            packed.WeightOf("NodeAffinity", 2)));
        Assert.Equal([("cpu", 3), ("example.com/gpu", 1)], packed.ResourceScoring.Resources);
        Assert.Equal([(0, 0), (100, 100)], packed.ResourceScoring.Shape);
    }

    /// <summary>Whatever the scheduler runs in a place, that can be turned off there, and the rest stays.</summary>
    [Theory]
    [InlineData("preEnqueue", SchedulingPoint.PreEnqueue)]
    [InlineData("preFilter", SchedulingPoint.PreFilter)]
    [InlineData("filter", SchedulingPoint.Filter)]
    [InlineData("postFilter", SchedulingPoint.PostFilter)]
    [InlineData("score", SchedulingPoint.Score)]
    public void Every_plugin_of_a_place_can_be_turned_off_there(string field, SchedulingPoint point)
    {
        var all = PluginSet.Default(new ClusterTables()).NamesAt(point).ToList();
        string[] needed = ["VolumeBinding", "DynamicResources"];
        Assert.NotEmpty(all);
        foreach (var plugin in all.Except(needed))
        {
            Assert.Equal([(point, plugin)], Without(plugin));
        }

        var some = point == SchedulingPoint.Score ? all : all.Except(needed);
        Assert.Equal(some.Select(p => (point, p)).Order(), Without("*").Order());

        IEnumerable<(SchedulingPoint, string)> Without(string plugin) => Assert.Single(
            Read($"profiles: [{{plugins: {{{field}: {{disabled: [{{name: '{plugin}'}}]}}}}}}]").Profiles).Disabled;
    }

    [Fact]
    public void What_says_nothing_is_the_default()
    {
        var profile = Assert.Single(Read("").Profiles);
        Assert.Equal("default-scheduler", profile.Name);
        Assert.Empty(profile.Disabled);
        Assert.Equal("default-scheduler", Assert.Single(Read("profiles: [{}]").Profiles).Name);
    }

    [Theory]
    [InlineData("nonsense: 1", "unknown field \"nonsense\"")]
    [InlineData("extenders: [{urlPrefix: 'http://x'}]", "extenders: Forbidden")]
    [InlineData("percentageOfNodesToScore: 101", "percentageOfNodesToScore: Invalid value: 101: not in valid range")]
    [InlineData("profiles: [{schedulerName: a}, {schedulerName: a}]", "[1].schedulerName: Duplicate value: \"a\"")]
    [InlineData("profiles: [{schedulerName: a}, {}]", "profiles[1].schedulerName: Required value")]
    [InlineData("profiles: [{plugins: {score: {enabled: [{name: Odd}]}}}]", "\"Odd\": there is no such plugin")]
    [InlineData("profiles: [{plugins: {bind: {disabled: [{name: '*'}]}}}]", "nothing can be turned off there alone")]
    [InlineData("profiles: [{plugins: {filter: {disabled: [{name: VolumeBinding}]}}}]", "cannot be turned off here")]
    [InlineData("profiles: [{pluginConfig: [{name: NodeName, args: {}}]}]", "this plugin takes no arguments here")]
    [InlineData(
        "profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {ignoredResources: [a]}}]}]",
        "unknown field \"profiles[0].pluginConfig[0].args.ignoredResources\"")]
    [InlineData(
        "profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: Best}}}]}]",
        "type: Unsupported value: \"Best\": supported values: \"LeastAllocated\", \"MostAllocated\", ")]
    [InlineData(
        "profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: " +
        "{type: RequestedToCapacityRatio}}}]}]",
        "shape: Required value: at least one point must be specified")]
    public void What_the_scheduler_cannot_do_is_refused(string text, string complaint) => Assert.Contains(
        complaint, Assert.Throws<UserErrorException>(() => Read(text)).Message, StringComparison.Ordinal);

    private SchedulerSettings Read(string text)
    {
        var path = Path.Combine(_folder, "scheduler.yaml");
        File.WriteAllLines(path, [.. Head, text]);
        return SchedulerConfigurationFile.Read(path);
    }
}
