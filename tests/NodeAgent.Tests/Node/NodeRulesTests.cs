using k8s.Models;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
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

        var verdict = Judge("2");

        Assert.Equal("OutOfcpu", verdict?.Reason);
        Assert.Equal(
            "Node didn't have enough resource: cpu, requested: 2000, used: 0, capacity: 1000", verdict?.Message);
        Assert.Null(Judge("600m", "400m"));
        Assert.NotNull(Judge("600m", "401m"));

        PodVerdict? Judge(string wanted, params string[] taken) => PodAdmission.Check(new PodAdmissionInput
        {
            Pod = Wanting(wanted),
            Others = [.. taken.Select(Wanting)],
            Allocatable = allocatable,
        });
    }

    [Fact]
    public void A_node_that_goes_down_takes_no_pod()
    {
        var pod = TestPods.Pod("p", TestPods.Service("c"));
        pod.Spec.Priority = 2_000_000_000;

        Assert.Equal(
            new PodVerdict("NodeShutdown", "Pod was rejected as the node is shutting down."),
            PodAdmission.CheckButRoom(new PodAdmissionInput { Pod = pod, IsShuttingDown = true }));
    }

    [Theory]
    [InlineData("hugepages-2Mi", "4Mi", "OutOfhugepages-2Mi")]
    [InlineData("example.com/gpu", "2", "OutOfexample.com/gpu")]
    [InlineData("example.com/gpu", "1", null)]
    [InlineData("example.com/elsewhere", "5", null)]
    [InlineData("example.com/of-a-plugin", "5", null)]
    [InlineData("attachable-volumes-x", "1", "OutOfattachable-volumes-x")]
    public void Every_resource_of_the_node_is_counted(string resource, string amount, string? reason)
    {
        var pod = TestPods.Pod("p", TestPods.Service("c"));
        pod.Spec.Containers[0].Resources = new V1ResourceRequirements { Requests = new Dictionary<string,
            ResourceQuantity> { [resource] = new(amount) } };
        var node = new V1Node
        {
            Metadata = new V1ObjectMeta(),
            Status = new V1NodeStatus { Allocatable = new Dictionary<string,
                ResourceQuantity> { ["example.com/gpu"] = new("1"), ["example.com/of-a-plugin"] = new("1") } },
        };

        Assert.Equal(reason, PodAdmission.Check(TestPods.Admission(pod) with
        {
            Node = node, IsDevice = static name => name == "example.com/of-a-plugin",
        })?.Reason);
    }

    [Theory]
    [InlineData("TCP", "", "TCP", "192.0.2.1", true)]
    [InlineData("TCP", "192.0.2.1", "TCP", "192.0.2.1", true)]
    [InlineData("TCP", "192.0.2.2", "TCP", "192.0.2.1", false)]
    [InlineData("UDP", "", "TCP", "", false)]
    public void Two_pods_do_not_get_the_same_port_of_the_node(string protocol, string ip, string otherProtocol,
        string otherIp, bool refused)
    {
        var verdict = PodAdmission.Check(TestPods.Admission(WithPort(protocol,
            ip)) with { Others = [WithPort(otherProtocol, otherIp)] });

        Assert.Equal(
            refused ? "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports" : null,
                verdict?.Message);

        static V1Pod WithPort(string protocol, string ip)
        {
            var pod = TestPods.Pod("p", TestPods.Service("c"));
            pod.Spec.Containers[0].Ports = [new V1ContainerPort { ContainerPort = 80, HostPort = 80,
                Protocol = protocol, HostIP = ip }];
            return pod;
        }
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

    [Fact]
    public void Resolvers_follow_the_policy()
    {
        var host = PodDns.Parse(["nameserver 9.9.9.9", "search corp.example", "options timeout:1"]);
        var options = new NodeAgentOptions { NodeName = "n" };
        var pod = TestPods.Pod("p", TestPods.Service("c"));

        var clusterFirst = PodDns.Compute(pod, options, host).Config;
        pod.Spec.DnsPolicy = "Default";
        var byHost = PodDns.Compute(pod, options, host).Config;
        (pod.Spec.DnsPolicy, pod.Spec.DnsConfig) = ("None", new V1PodDNSConfig { Nameservers = ["1.1.1.1"], Options = [new V1PodDNSConfigOption { Name = "ndots", Value = "2" }] });
        var own = PodDns.Compute(pod, options, host).Config;

        Assert.Equal(["10.96.0.10"], clusterFirst.Servers);
        Assert.Equal(
            ["default.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example"], clusterFirst.Searches);
        Assert.Equal(["ndots:5"], clusterFirst.Options);
        Assert.Equal(["9.9.9.9"], byHost.Servers);
        Assert.Equal((["1.1.1.1"], ["ndots:2"]), (own.Servers, own.Options));
    }

    /// <summary>
    /// Upstream's limits: three servers, 32 domains of at most 253 characters, 2048 characters
    /// in all.
    /// </summary>
    [Fact]
    public void What_resolvers_do_not_take_is_left_out_and_told()
    {
        Assert.Equal(
            ("1 2 3", "a b",
                "Nameserver limits were exceeded, some nameservers have been omitted, " +
                "the applied nameserver line is: 1 2 3\n" +
                "Search Line limits were exceeded, some search paths have been omitted, " +
                "the applied search line is: a b"),
            Applied("1 2 3 4", $"a {new string('x', 254)} b"));
        var many = string.Join(' ', Enumerable.Range(0, 32).Select(i => $"d{i}"));
        Assert.Equal(("", many, ""), Applied("", many));
        Assert.Equal(many, Applied("", $"{many} d32").Searches);
        var wide = string.Join(' ', Enumerable.Range(0, 8).Select(i => $"{i}{new string('x', 247)}"));
        Assert.Equal(("", $"{wide} {new string('y', 56)}", ""), Applied("", $"{wide} {new string('y', 56)}"));
        Assert.Equal(wide, Applied("", $"{wide} {new string('y', 57)}").Searches);
    }

    [Fact]
    public void A_search_domain_of_the_host_and_of_the_cluster_counts_once()
    {
        var host = PodDns.Parse(["search svc.cluster.local. corp.example"]);
        var pod = TestPods.Pod("p", TestPods.Service("c"));
        var settings = PodDns.Compute(pod, new NodeAgentOptions { NodeName = "n" }, host);
        Assert.Equal(
            ["default.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example"],
            settings.Config.Searches);
    }

    private static (string Servers, string Searches, string Omissions) Applied(string servers, string searches)
    {
        var pod = TestPods.Pod("p", TestPods.Service("c"));
        pod.Spec.DnsPolicy = "None";
        pod.Spec.DnsConfig = new V1PodDNSConfig
        {
            Nameservers = servers.Split(' ', StringSplitOptions.RemoveEmptyEntries), Searches = searches.Split(' '),
        };
        var settings = PodDns.Compute(pod, new NodeAgentOptions { NodeName = "n" }, PodDns.Parse([]));
        return (string.Join(' ', settings.Config.Servers), string.Join(' ', settings.Config.Searches),
            string.Join('\n', settings.Omissions));
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
