using k8s.Models;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Node;

public sealed class NodeRulesTests
{
    [Fact]
    public void A_pod_that_does_not_fit_is_refused_in_the_kubelets_words()
    {
        var allocatable = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1"), ["memory"] = new("1Gi"), ["pods"] = new("10"), ["ephemeral-storage"] = new("1Gi") };

        var verdict = PodAdmission.Check(Wanting("2"), [], null, allocatable);

        Assert.Equal("OutOfcpu", verdict?.Reason);
        Assert.Equal(
            "Pod was rejected: Node didn't have enough resource: cpu, requested: 2000, used: 0, capacity: 1000", verdict?.Message);
        Assert.Null(PodAdmission.Check(Wanting("600m"), [Wanting("400m")], null, allocatable));
        Assert.NotNull(PodAdmission.Check(Wanting("600m"), [Wanting("401m")], null, allocatable));
    }

    [Theory]
    [InlineData("In", "a,b", "a", true)]
    [InlineData("In", "a,b", "c", false)]
    [InlineData("NotIn", "a", null, true)]
    [InlineData("Exists", "", null, false)]
    [InlineData("DoesNotExist", "", null, true)]
    [InlineData("Gt", "5", "6", true)]
    [InlineData("Lt", "5", "6", false)]
    public void Node_affinity_follows_its_operator(string op, string values, string? label, bool matches)
    {
        var pod = TestPods.Pod("p", TestPods.Service("c"));
        pod.Spec.Affinity = new V1Affinity
        {
            NodeAffinity = new V1NodeAffinity
            {
                RequiredDuringSchedulingIgnoredDuringExecution = new V1NodeSelector
                {
                    NodeSelectorTerms =
                    [
                        new V1NodeSelectorTerm
                        {
                            MatchExpressions = [new V1NodeSelectorRequirement { Key = "k", OperatorProperty = op, Values = values.Split(',') }],
                        },
                    ],
                },
            },
        };
        var labels = label is null ? [] : new Dictionary<string, string> { ["k"] = label };

        Assert.Equal(
            matches, NodeAffinity.Matches(pod, new V1Node { Metadata = new V1ObjectMeta { Labels = labels } }));
    }

    [Theory]
    [InlineData("5m0s", 300_000)]
    [InlineData("1h2m3s", 3_723_000)]
    [InlineData("1.5s", 1_500)]
    [InlineData("250ms", 250)]
    [InlineData("0", 0)]
    [InlineData("", null)]
    [InlineData("5", null)]
    [InlineData("s", null)]
    [InlineData("5q", null)]
    [InlineData("1.2.3s", null)]
    public void Durations_are_read_as_in_Go(string text, int? milliseconds) => Assert.Equal(
        milliseconds is { } value ? TimeSpan.FromMilliseconds(value) : (TimeSpan?)null, GoDuration.Parse(text));

    [Theory]
    [InlineData(10_000, "10s")]
    [InlineData(80_000, "1m20s")]
    [InlineData(300_000, "5m0s")]
    [InlineData(345, "345ms")]
    [InlineData(1_500, "1.5s")]
    [InlineData(3_600_000, "1h0m0s")]
    public void Durations_read_as_in_Go(long milliseconds, string text) =>
        Assert.Equal(text, GoDuration.Format(TimeSpan.FromMilliseconds(milliseconds)));

    [Fact]
    public void Resolvers_follow_the_policy()
    {
        var host = PodDns.Parse(["nameserver 9.9.9.9", "search corp.example", "options timeout:1"]);
        var options = new NodeAgentOptions { NodeName = "n" };
        var pod = TestPods.Pod("p", TestPods.Service("c"));

        var clusterFirst = PodDns.Compute(pod, options, host);
        pod.Spec.DnsPolicy = "Default";
        var byHost = PodDns.Compute(pod, options, host);
        (pod.Spec.DnsPolicy, pod.Spec.DnsConfig) = ("None", new V1PodDNSConfig { Nameservers = ["1.1.1.1"], Options = [new V1PodDNSConfigOption { Name = "ndots", Value = "2" }] });
        var own = PodDns.Compute(pod, options, host);

        Assert.Equal(["10.96.0.10"], clusterFirst.Servers);
        Assert.Equal(
            ["default.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example"], clusterFirst.Searches);
        Assert.Equal(["ndots:5"], clusterFirst.Options);
        Assert.Equal(["9.9.9.9"], byHost.Servers);
        Assert.Equal((["1.1.1.1"], ["ndots:2"]), (own.Servers, own.Options));
    }

    private static V1Pod Wanting(string cpu)
    {
        var pod = TestPods.Pod("p", TestPods.Service("c"));
        pod.Spec.Containers[0].Resources = new V1ResourceRequirements
        {
            Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(cpu) },
        };
        return pod;
    }
}
