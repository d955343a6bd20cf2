using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Grains.Scheduling.Plugins;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling.Plugins;

public sealed class FilterPluginTests
{
    private readonly PluginFixture _fixture = new();

    [Theory]
    [InlineData(false, "", true)]
    [InlineData(true, "", false)]
    [InlineData(true, """{"key":"node.kubernetes.io/unschedulable","operator":"Exists","effect":"NoSchedule"}""", true)]
    [InlineData(true, """{"operator":"Exists"}""", true)]
    [InlineData(true, """{"key":"node.kubernetes.io/unschedulable","operator":"Exists","effect":"NoExecute"}""", false)]
    public void NodeUnschedulable(bool cordoned, string toleration, bool fits)
    {
        var pod = _fixture.Pod($"\"tolerations\":[{toleration}]");
        var node = _fixture.Node(new NodeSketch("n") { Unschedulable = cordoned });
        Expect(new NodeUnschedulablePlugin().Filter(pod, node), fits, false, "node(s) were unschedulable");
    }

    [Theory]
    [InlineData("Restart", "", true)]
    [InlineData("RestartAllContainers", "", false)]
    [InlineData("RestartAllContainers", "\"Other\"", false)]
    [InlineData("RestartAllContainers", "\"Other\",\"RestartAllContainersOnContainerExits\"", true)]
    public void NodeDeclaredFeatures(string action, string declared, bool fits)
    {
        var pod = _fixture.Pod(
            $$$"""
            "initContainers":[{"name":"i","restartPolicyRules":[{"action":"{{{action}}}"}]}]
            """);
        var node = _fixture.Node(new NodeSketch("n") { Status = $"\"declaredFeatures\":[{declared}]" });
        Expect(
            new NodeDeclaredFeaturesPlugin().Filter(pod, node),
            fits,
            false,
            "node(s) didn't match Pod's required features");
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("n", true)]
    [InlineData("m", false)]
    public void NodeName(string wanted, bool fits) => Expect(
        new NodeNamePlugin().Filter(_fixture.Pod(nodeName: wanted), _fixture.Node(new NodeSketch("n"))),
        fits,
        false,
        "node(s) didn't match the requested node name");

    [Theory]
    [InlineData("a=1:NoSchedule", "", false)]
    [InlineData("a=1:NoExecute", "", false)]
    [InlineData("a=1:PreferNoSchedule", "", true)]
    [InlineData("a=1:NoSchedule", """{"key":"a","value":"1","effect":"NoSchedule"}""", true)]
    [InlineData("a=1:NoSchedule", """{"key":"a","operator":"Equal","value":"2","effect":"NoSchedule"}""", false)]
    [InlineData("a=1:NoSchedule", """{"key":"a","operator":"Exists"}""", true)]
    [InlineData("a=1:NoSchedule", """{"key":"b","operator":"Exists"}""", false)]
    [InlineData("a=1:NoSchedule", """{"operator":"Exists"}""", true)]
    [InlineData("a=1:NoSchedule,b=2:NoExecute", """{"key":"a","operator":"Exists"}""", false)]
    [InlineData("a=1:NoExecute", """{"key":"a","operator":"Exists","effect":"NoSchedule"}""", false)]
    public void TaintToleration(string taints, string toleration, bool fits)
    {
        var pod = _fixture.Pod($"\"tolerations\":[{toleration}]");
        var node = _fixture.Node(new NodeSketch("n") { Taints = taints });
        Expect(new TaintTolerationPlugin().Filter(pod, node), fits, false, "node(s) had untolerated taint(s)");
    }

    [Theory]
    [InlineData("In", "[\"1\",\"2\"]", true)]
    [InlineData("In", "[\"3\"]", false)]
    [InlineData("NotIn", "[\"3\"]", true)]
    [InlineData("NotIn", "[\"1\"]", false)]
    [InlineData("Exists", "[]", true)]
    [InlineData("DoesNotExist", "[]", false)]
    [InlineData("Gt", "[\"0\"]", true)]
    [InlineData("Gt", "[\"1\"]", false)]
    [InlineData("Lt", "[\"2\"]", true)]
    [InlineData("Lt", "[\"x\"]", false)]
    [InlineData("Bogus", "[]", false)]
    public void NodeAffinityOperators(string operation, string values, bool fits)
    {
        var term = $$"""{"matchExpressions":[{"key":"a","operator":"{{operation}}","values":{{values}}}]}""";
        ExpectAffinity(RequiredAffinity(term), fits);
    }

    [Theory]
    [InlineData("{\"a\":\"1\"}", true)]
    [InlineData("{\"a\":\"2\"}", false)]
    [InlineData("{\"a\":\"1\",\"b\":\"1\"}", false)]
    public void NodeSelector(string selector, bool fits) => ExpectAffinity($"\"nodeSelector\":{selector}", fits);

    [Theory]
    [InlineData("", false)]
    [InlineData("{}", false)]
    [InlineData("{},{\"matchFields\":[{\"key\":\"metadata.name\",\"operator\":\"In\",\"values\":[\"n\"]}]}", true)]
    [InlineData("{\"matchFields\":[{\"key\":\"metadata.name\",\"operator\":\"NotIn\",\"values\":[\"n\"]}]}", false)]
    [InlineData("{\"matchFields\":[{\"key\":\"metadata.other\",\"operator\":\"Exists\"}]}", false)]
    public void NodeAffinityTerms(string terms, bool fits) => ExpectAffinity(RequiredAffinity(terms), fits);

    [Fact]
    public void NodeAffinityConfinesToNamesOrFindsThemInConflict()
    {
        var plugin = new NodeAffinityPlugin();
        const string OnM = """{"key":"metadata.name","operator":"In","values":["m"]}""";
        const string OnN = """{"key":"metadata.name","operator":"In","values":["n"]}""";
        var one = plugin.PreFilter(
            _fixture.Pod(RequiredAffinity($$"""{"matchFields":[{{OnN}}]},{"matchFields":[{{OnM}}]}""")));
        var none = plugin.PreFilter(_fixture.Pod(RequiredAffinity($$"""{"matchFields":[{{OnN}},{{OnM}}]}""")));
        Assert.Equal(["m", "n"], one.NodeNames!.Order(StringComparer.Ordinal));
        Assert.Equal("pod affinity terms conflict", Assert.Single(none.Rejection!.Reasons));
    }

    [Theory]
    [InlineData(0, 80, true)]
    [InlineData(81, 80, true)]
    [InlineData(80, 80, false)]
    public void NodePorts(int wanted, int taken, bool fits)
    {
        var node = _fixture.Node(new NodeSketch("n"), _fixture.Pod(hostPort: taken));
        Expect(
            new NodePortsPlugin().Filter(_fixture.Pod(hostPort: wanted), node),
            fits,
            true,
            "node(s) didn't have free ports for the requested pod ports");
    }

    [Theory]
    [InlineData("127.0.0.1", "TCP", "127.0.0.1", "TCP", true)]
    [InlineData("127.0.0.1", "TCP", "127.0.0.2", "TCP", false)]
    [InlineData("127.0.0.1", "TCP", "0.0.0.0", "TCP", true)]
    [InlineData("0.0.0.0", "TCP", "127.0.0.1", "UDP", false)]
    public void HostPortCollisions(
        string address, string protocol, string otherAddress, string otherProtocol, bool collide)
    {
        var (wanted, taken) = (new Grains.Scheduling.HostPort(
            address, protocol, 80), new Grains.Scheduling.HostPort(otherAddress, otherProtocol, 80));
        var ports = new Grains.Scheduling.UsedPorts();
        ports.Count(taken, 1);
        ports.Count(taken, 1);
        Assert.Equal(!collide, ports.IsFree(wanted));
        ports.Count(taken, -1);
        Assert.Equal(!collide, ports.IsFree(wanted));
        ports.Count(taken, -1);
        Assert.True(ports.IsFree(wanted));
    }

    [Theory]
    [InlineData("cpu=2", true, "")]
    [InlineData("cpu=2001m", true, "Insufficient cpu")]
    [InlineData("cpu=5", false, "Insufficient cpu")]
    [InlineData("memory=7Gi,cpu=3", true, "Insufficient cpu,Insufficient memory")]
    [InlineData("ephemeral-storage=200Gi", false, "Insufficient ephemeral-storage")]
    [InlineData("example.com/gpu=1", true, "")]
    [InlineData("example.com/gpu=2", true, "Insufficient example.com/gpu")]
    [InlineData("example.com/tpu=1", false, "Insufficient example.com/tpu")]
    public void NodeResourcesFit(string requests, bool resolvable, string reasons)
    {
        var there = _fixture.Pod(requests: "cpu=2,memory=2Gi,example.com/gpu=1");
        var sketch =
            new NodeSketch("n") { Allocatable = "cpu=4,memory=8Gi,ephemeral-storage=100Gi,pods=2,example.com/gpu=2" };
        var verdict = new NodeResourcesFitPlugin(_fixture.Scalars).Filter(
            _fixture.Pod(requests: requests), _fixture.Node(sketch, there));
        Assert.Equal(reasons, string.Join(',', verdict?.Reasons ?? []));
        Assert.Equal(resolvable, verdict?.IsResolvable ?? true);
    }

    [Fact]
    public void NodeResourcesFitCountsPodsEvenWithoutRequests()
    {
        var node = _fixture.Node(new NodeSketch("n") { Allocatable = "cpu=1,memory=1Gi,pods=1" }, _fixture.Pod());
        Expect(new NodeResourcesFitPlugin(_fixture.Scalars).Filter(_fixture.Pod(), node), false, true, "Too many pods");
    }

    private static string RequiredAffinity(string terms) =>
        """
        "affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[TERMS]}}}
        """.Replace("TERMS", terms, StringComparison.Ordinal);

    private void ExpectAffinity(string spec, bool fits) => Expect(
        new NodeAffinityPlugin().Filter(_fixture.Pod(spec), _fixture.Node(new NodeSketch("n") { Labels = "a=1" })),
        fits,
        false,
        "node(s) didn't match Pod's node affinity/selector");

    private static void Expect(Verdict? verdict, bool fits, bool resolvable, string reason)
    {
        Assert.Equal(fits, verdict is null);
        if (verdict is not null)
        {
            Assert.Equal(reason, Assert.Single(verdict.Reasons));
            Assert.Equal(resolvable, verdict.IsResolvable);
        }
    }
}
