using System.Security.Cryptography.X509Certificates;
using System.Text;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Grains.Scheduling.Plugins;
using OrleansOrchestrator.Silo.Hosting;
using OrleansOrchestrator.TestKit.Remote;
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
    [InlineData("percentageOfNodesToScore: 101", "percentageOfNodesToScore: Invalid value: 101: not in valid range")]
    [InlineData("parallelism: 0", "parallelism: Invalid value: 0: should be an integer value greater than zero")]
    [InlineData("podInitialBackoffSeconds: 0", "podInitialBackoffSeconds: Invalid value: 0: must be greater than 0")]
    [InlineData(
        "podInitialBackoffSeconds: 11",
        "podMaxBackoffSeconds: Invalid value: 10: must be greater than or equal to PodInitialBackoffSeconds")]
    [InlineData("profiles: [{schedulerName: a}, {schedulerName: a}]", "[1].schedulerName: Duplicate value: \"a\"")]
    [InlineData("profiles: [{schedulerName: a}, {}]", "profiles[1].schedulerName: Required value")]
    [InlineData("profiles: [{plugins: {score: {enabled: [{name: Odd}]}}}]", "ScorePlugin \"Odd\" does not exist")]
    [InlineData(
        "profiles: [{plugins: {score: {enabled: [{name: NodeName}]}}}]",
        "plugin \"NodeName\" does not extend ScorePlugin plugin")]
    [InlineData(
        "profiles: [{plugins: {filter: {enabled: [{name: NodeName}, {name: NodeName}]}}}]",
        "plugin \"NodeName\" already registered as \"FilterPlugin\"")]
    [InlineData(
        "profiles: [{plugins: {score: {enabled: [{name: NodeAffinity, weight: 11000000}]}}}]",
        "profiles[0].plugins: Invalid value: total score of Score plugins could overflow")]
    [InlineData("profiles: [{plugins: {bind: {disabled: [{name: '*'}]}}}]", "nothing can be turned off there alone")]
    [InlineData("profiles: [{plugins: {filter: {disabled: [{name: VolumeBinding}]}}}]", "cannot be turned off here")]
    [InlineData("profiles: [{pluginConfig: [{name: NodeName, args: {}}]}]", "this plugin takes no arguments here")]
    [InlineData(
        "profiles: [{pluginConfig: [{name: NodeAffinity}, {name: NodeAffinity}]}]",
        "profiles[0].pluginConfig[1]: Duplicate value: \"NodeAffinity\"")]
    [InlineData(
        "profiles: [{pluginConfig: [{name: NodeAffinity, args: {kind: NodeResourcesFitArgs}}]}]",
        "args for plugin NodeAffinity were not of type NodeAffinityArgs.kubescheduler.config.k8s.io, " +
        "got NodeResourcesFitArgs.kubescheduler.config.k8s.io")]
    [InlineData(
        "profiles: [{percentageOfNodesToScore: -1}]", "profiles[0].percentageOfNodesToScore: Invalid value: -1")]
    public void What_the_scheduler_cannot_do_is_refused(string text, string complaint) =>
        Assert.Contains(complaint, Complaint(text), StringComparison.Ordinal);

    /// <summary>Of one plugin's arguments; the complaints are upstream's.</summary>
    [Theory]
    [InlineData("NodeResourcesFit", "ignored: [a]", ".ignored\"")]
    [InlineData("NodeResourcesFit", "ignoredResources: ['a b']", ".ignoredResources[0]: Invalid value: \"a b\": ")]
    [InlineData(
        "NodeResourcesFit", "ignoredResourceGroups: [a/b]",
        ".ignoredResourceGroups[0]: Invalid value: \"a/b\": resource group name can't contain '/'")]
    [InlineData(
        "NodeResourcesFit", "scoringStrategy: {type: Best}",
        "type: Unsupported value: \"Best\": supported values: \"LeastAllocated\", \"MostAllocated\", ")]
    [InlineData(
        "NodeResourcesFit", "scoringStrategy: {type: RequestedToCapacityRatio}",
        ".requestedToCapacityRatio: Required value: must be specified when type is RequestedToCapacityRatio")]
    [InlineData(
        "NodeResourcesFit", "scoringStrategy: {type: RequestedToCapacityRatio, requestedToCapacityRatio: {}}",
        "shape: Required value: at least one point must be specified")]
    [InlineData(
        "NodeResourcesFit", "scoringStrategy: {type: MostAllocated, requestedToCapacityRatio: {}}",
        "Forbidden: must be nil when type is not RequestedToCapacityRatio")]
    [InlineData(
        "NodeResourcesFit",
        "scoringStrategy: {type: RequestedToCapacityRatio, requestedToCapacityRatio: {shape: " +
        "[{utilization: 50, score: 11}, {utilization: 50, score: 0}]}}",
        "shape[1].utilization: Invalid value: 50: values must be sorted in increasing order, ")]
    [InlineData(
        "NodeResourcesFit",
        "scoringStrategy: {type: RequestedToCapacityRatio, requestedToCapacityRatio: {shape: " +
        "[{utilization: 50, score: 11}, {utilization: 50, score: 0}]}}",
        "shape[0].score: Invalid value: 11: not in valid range [0, 10]")]
    [InlineData(
        "NodeResourcesFit", "scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 101}]}",
        "resources[0].weight: Invalid value: 101: resource weight of cpu not in valid range (0, 100]")]
    [InlineData("InterPodAffinity", "hardPodAffinityWeight: 101", "Invalid value: 101: not in valid range [0, 100]")]
    [InlineData(
        "NodeResourcesBalancedAllocation", "resources: [{name: cpu, weight: 2}]", "Invalid value: 2: must be 1")]
    [InlineData(
        "NodeResourcesBalancedAllocation", "resources: [{name: cpu}, {name: cpu}]",
        "resources[1].name: Duplicate value: \"cpu\"")]
    [InlineData("DefaultPreemption", "minCandidateNodesPercentage: 101", "101: not in valid range [0, 100]")]
    [InlineData("DefaultPreemption", "minCandidateNodesAbsolute: -1", "-1: not in valid range [0, inf)")]
    [InlineData(
        "DefaultPreemption", "{minCandidateNodesPercentage: 0, minCandidateNodesAbsolute: 0}",
        "minCandidateNodesAbsolute: Invalid value: 0: cannot be zero at the same time as minCandidateNodesPercentage")]
    [InlineData(
        "VolumeBinding", "bindTimeoutSeconds: -1",
        "Invalid value: -1: invalid BindTimeoutSeconds, should not be a negative value")]
    [InlineData(
        "VolumeBinding", "shape: [{utilization: 0, score: 0}]",
        "shape: Invalid value: [{\"utilization\":0,\"score\":0}]: unexpected field `shape`, remove it or turn on")]
    [InlineData(
        "DynamicResources", "filterTimeout: -1s",
        "filterTimeout: Invalid value: \"-1s\": must be zero or positive")]
    [InlineData(
        "DynamicResources", "bindingTimeout: 1ms",
        "bindingTimeout: Invalid value: \"1ms\": must be at least 1 second")]
    [InlineData(
        "PodTopologySpread", "defaultConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: ScheduleAnyway}]",
        "defaultingType: Invalid value: \"System\": when .defaultConstraints are not empty")]
    [InlineData(
        "PodTopologySpread", "defaultingType: Odd",
        "defaultingType: Unsupported value: \"Odd\": supported values: \"System\", \"List\"")]
    [InlineData(
        "PodTopologySpread",
        "{defaultingType: List, defaultConstraints: [{labelSelector: {}, whenUnsatisfiable: Odd}]}",
        "[0].maxSkew: Invalid value: 0: not in valid range (0, inf), ")]
    [InlineData(
        "PodTopologySpread",
        "{defaultingType: List, defaultConstraints: [{labelSelector: {}, whenUnsatisfiable: Odd}]}",
        "[0].topologyKey: Required value: can not be empty, ")]
    [InlineData(
        "PodTopologySpread",
        "{defaultingType: List, defaultConstraints: [{labelSelector: {}, whenUnsatisfiable: Odd}]}",
        "Unsupported value: \"Odd\": supported values: \"DoNotSchedule\", \"ScheduleAnyway\", ")]
    [InlineData(
        "PodTopologySpread",
        "{defaultingType: List, defaultConstraints: [{labelSelector: {}, whenUnsatisfiable: Odd}]}",
        "labelSelector: Forbidden: constraint must not define a selector, as they deduced for each pod")]
    [InlineData(
        "PodTopologySpread",
        "{defaultingType: List, defaultConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: ScheduleAnyway}," +
        " {maxSkew: 2, topologyKey: a, whenUnsatisfiable: ScheduleAnyway}]}",
        "defaultConstraints[1]: Duplicate value: \"{a, ScheduleAnyway}\"")]
    [InlineData(
        "NodeAffinity",
        "addedAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: " +
        "[{key: a, operator: In}]}]}}",
        "nodeSelectorTerms[0].matchExpressions[0].values: Invalid value: []: for 'in', 'notin' operators, values set")]
    [InlineData(
        "NodeAffinity",
        "addedAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: {matchFields: " +
        "[{key: metadata.name, operator: Gt, values: ['1']}]}}]}",
        "Execution[0].matchFields[0].operator: Unsupported value: \"Gt\": supported values: \"In\", \"NotIn\"")]
    public void Arguments_that_cannot_be_are_refused(string plugin, string args, string complaint)
    {
        var told = args[0] == '{' ? args : $"{{{args}}}";
        Assert.Contains(
            complaint,
            Complaint($"profiles: [{{pluginConfig: [{{name: {plugin}, args: {told}}}]}}]"),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Plugins_are_told_what_their_arguments_say()
    {
        var profile = Assert.Single(Read(
            """
            profiles:
            - pluginConfig:
              - name: NodeResourcesFit
                args: {ignoredResources: [example.com/a], ignoredResourceGroups: [example.org]}
              - name: NodeResourcesBalancedAllocation
                args: {resources: [{name: cpu}, {name: example.com/gpu, weight: 1}]}
              - name: InterPodAffinity
                args: {ignorePreferredTermsOfExistingPods: true}
              - name: DefaultPreemption
                args: {minCandidateNodesPercentage: 20, minCandidateNodesAbsolute: 7}
              - name: VolumeBinding
                args: {apiVersion: kubescheduler.config.k8s.io/v1, kind: VolumeBindingArgs, bindTimeoutSeconds: 30}
              - name: DynamicResources
                args: {filterTimeout: 2s, bindingTimeout: 1m30s}
              - name: PodTopologySpread
                args:
                  defaultingType: List
                  defaultConstraints: [{maxSkew: 2, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, minDomains: 3}]
              - name: NodeAffinity
                args:
                  addedAffinity:
                    requiredDuringSchedulingIgnoredDuringExecution:
                      nodeSelectorTerms: [{matchExpressions: [{key: pool, operator: In, values: [web]}]}]
                    preferredDuringSchedulingIgnoredDuringExecution:
                    - {weight: 4, preference: {matchFields: [{key: metadata.name, operator: In, values: [node1]}]}}
            """).Profiles);
        Assert.True(profile.IgnoredResources.Contains("example.com/a"));
        Assert.True(profile.IgnoredResources.Contains("example.org/z"));
        Assert.False(profile.IgnoredResources.Contains("example.com/b"));
        Assert.Equal(["cpu", "example.com/gpu"], profile.BalancedResources);
        Assert.True(profile.IgnoresPreferencesOfOthers);
        Assert.Equal(new PreemptionLimits(20, 7), profile.Preemption);
        Assert.Equal(TimeSpan.FromSeconds(30), profile.VolumePatience);
        Assert.Equal(
            new DeviceLimits { Search = TimeSpan.FromSeconds(2), Preparation = TimeSpan.FromSeconds(90) },
            profile.Devices);
        var spread = Assert.Single(profile.DefaultSpread!);
        Assert.Equal((2, "zone", true, 3), (spread.MaxSkew, spread.TopologyKey, spread.IsHard, spread.MinDomains));
        var required = Assert.Single(profile.AddedRequired!.Terms!);
        Assert.Equal("pool", Assert.Single(required.Labels).Key);
        Assert.Equal(4, Assert.Single(profile.AddedPreferred).Weight);
        Assert.Equal("metadata.name", Assert.Single(profile.AddedPreferred[0].Term.Fields).Key);
    }

    /// <summary>
    /// As upstream, a plugin that is turned on anew without a weight weighs 1, and other places say no weights.
    /// </summary>
    [Fact]
    public void A_weight_that_is_not_given_is_one()
    {
        var profile = Assert.Single(Read(
            """
            profiles:
            - plugins:
                filter: {enabled: [{name: TaintToleration, weight: 7}], disabled: [{name: EBSLimits}]}
                score: {enabled: [{name: NodeAffinity}]}
                multiPoint: {enabled: [{name: PodTopologySpread}]}
            """).Profiles);
        Assert.Equal((3, 1, 1), (
            profile.WeightOf("TaintToleration", 3), profile.WeightOf("NodeAffinity", 2),
            profile.WeightOf("PodTopologySpread", 2)));
    }

    [Fact]
    public void Extenders_are_read_with_what_they_manage()
    {
        using var authority = new TestAuthority();
        using var own = authority.Issue(["scheduler"]);
        var ca = Path.Combine(_folder, "ca.pem");
        File.WriteAllBytes(ca, authority.Bundle);
        var certificate = Convert.ToBase64String(Encoding.UTF8.GetBytes(own.ExportCertificatePem()));
        using var key = own.GetECDsaPrivateKey()!;
        var keyData = Convert.ToBase64String(Encoding.UTF8.GetBytes(key.ExportECPrivateKeyPem()));
        var settings = Read(
            $$$"""
            podInitialBackoffSeconds: 2
            podMaxBackoffSeconds: 20
            extenders:
            - urlPrefix: http://one.example.com/x
              filterVerb: filter
              prioritizeVerb: prioritize
              weight: 5
              ignorable: true
            - urlPrefix: https://two.example.com
              preemptVerb: preempt
              bindVerb: bind
              enableHTTPS: true
              httpTimeout: 500ms
              nodeCacheCapable: true
              managedResources: [{name: example.com/gpu, ignoredByScheduler: true}, {name: example.com/fpga}]
              tlsConfig: {caFile: '{{{ca}}}', certData: {{{certificate}}}, keyData: {{{keyData}}}, serverName: two}
            - {urlPrefix: 'https://three.example.com', enableHTTPS: true}
            profiles:
            - pluginConfig:
              - name: NodeResourcesFit
                args: {ignoredResources: [example.com/other], ignoredResourceGroups: [g]}
            """);
        Assert.Equal((2, 20), (settings.Backoff.Initial.TotalSeconds, settings.Backoff.Max.TotalSeconds));
        var (one, two, three) = (settings.Extenders[0], settings.Extenders[1], settings.Extenders[2]);
        Assert.Equal(("filter", "prioritize", 5L, true, TimeSpan.FromSeconds(5)),
            (one.FilterVerb, one.PrioritizeVerb, one.Weight, one.IsIgnorable, one.Timeout));
        Assert.Equal(("preempt", "bind", true, TimeSpan.FromMilliseconds(500)),
            (two.PreemptVerb, two.BindVerb, two.KnowsNodes, two.Timeout));
        Assert.Equal(["example.com/fpga", "example.com/gpu"], two.ManagedResources.Order());
        Assert.False(two.Tls.IsInsecure);
        Assert.Equal("two", two.Tls.ServerName);
        Assert.Single(two.Tls.Authorities);
        Assert.Equal(own.Thumbprint, two.Tls.Client!.Thumbprint);
        Assert.True(three.Tls.IsInsecure);
        var ignored = Assert.Single(settings.Profiles).IgnoredResources;
        Assert.True(ignored.Contains("example.com/gpu"));
        Assert.True(ignored.Contains("g/x"));
        Assert.False(ignored.Contains("example.com/other")); // what extenders say comes in its place
    }

    [Theory]
    [InlineData("{urlPrefix: x}", "extenders[0].urlPrefix: Invalid value: \"x\": must be a URL of http or https")]
    [InlineData("{prioritizeVerb: p}",
        "extenders[0].weight: Invalid value: 0: must have a positive weight applied to it")]
    [InlineData("{bindVerb: b}, {urlPrefix: 'http://y', bindVerb: b}",
        "extenders: Invalid value: \"found 2 extenders implementing bind\": only one extender can implement bind")]
    [InlineData("{managedResources: [{name: cpu}]}",
        "extenders[0].managedResources[0].name: Invalid value: \"cpu\": is an invalid extended resource name")]
    [InlineData("{managedResources: [{name: a.io/b}, {name: a.io/b}]}",
        "managedResources[1].name: Invalid value: \"a.io/b\": duplicate extender managed resource name")]
    [InlineData("{httpTimeout: -1s}", "extenders[0].httpTimeout: Invalid value: \"-1s\": must be zero or positive")]
    [InlineData("{tlsConfig: {insecure: true, caData: eA==}}",
        "specifying a root certificates file with the insecure flag is not allowed")]
    [InlineData("{tlsConfig: {caData: eA==}}", "unable to load root certificates: unable to parse bytes as PEM block")]
    [InlineData("{tlsConfig: {caFile: /nowhere/ca.pem}}", "extenders[0].tlsConfig.caFile: Invalid value: ")]
    [InlineData("{tlsConfig: {certData: eA==}}", "extenders[0].tlsConfig.keyFile: Required value")]
    [InlineData("{tlsConfig: {serverName: a b}}",
        "extenders[0].tlsConfig.serverName: Invalid value: \"a b\": must be the name of a host")]
    [InlineData("{odd: 1}", "unknown field \"extenders[0].odd\"")]
    public void Extenders_that_cannot_be_are_refused(string extenders, string complaint)
    {
        var all = extenders.Contains("urlPrefix: x", StringComparison.Ordinal)
            ? extenders
            : extenders.Insert(1, "urlPrefix: 'http://x', ");
        Assert.Contains(complaint, Complaint($"extenders: [{all}]"), StringComparison.Ordinal);
    }

    private string Complaint(string text) => Assert.Throws<UserErrorException>(() => Read(text)).Message;

    private SchedulerSettings Read(string text)
    {
        var path = Path.Combine(_folder, "scheduler.yaml");
        File.WriteAllLines(path, [.. Head, text]);
        return SchedulerConfigurationFile.Read(path);
    }
}
