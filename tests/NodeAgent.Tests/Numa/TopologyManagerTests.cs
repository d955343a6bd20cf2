using k8s.Models;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Numa;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.PinningParts;

namespace OrleansOrchestrator.NodeAgent.Tests.Numa;

/// <summary>What pods get together, and which are refused.</summary>
public sealed class TopologyManagerTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-numa-");
    private readonly KubeletMeters _meters = new();

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("none", true)]
    [InlineData("best-effort", true)]
    [InlineData("restricted", true)]
    [InlineData("single-numa-node", false)]
    public async Task What_is_more_than_one_node_has_is_only_refused_where_one_has_to_do(string policy, bool isAdmitted)
    {
        using var parts = New(policy);

        var refusal = await parts.Manager.AdmitAsync(Pod("p", "8"), CancellationToken.None);

        Assert.Equal(
            isAdmitted ? null : ("TopologyAffinityError", "Resources cannot be allocated with Topology locality"),
            refusal);
        Assert.Equal(isAdmitted ? 8 : 0, parts.Cpus.ExclusiveOf("p", "c0").Count);
        Assert.Contains("kubelet_topology_manager_admission_requests_total 1\n", Metrics());
        Assert.Contains($"kubelet_topology_manager_admission_errors_total {(isAdmitted ? 0 : 1)}\n", Metrics());
    }

    [Fact]
    public async Task Restricted_refuses_what_would_fit_one_node_if_others_were_not_there()
    {
        using var parts = New("restricted");
        Assert.Null(await parts.Manager.AdmitAsync(Pod("one", "4"), CancellationToken.None));
        Assert.Null(await parts.Manager.AdmitAsync(Pod("two", "4"), CancellationToken.None));

        var refusal = await parts.Manager.AdmitAsync(Pod("three", "3"), CancellationToken.None);

        Assert.Equal("TopologyAffinityError", refusal?.Reason);
        parts.Manager.Release("one");
        Assert.Null(await parts.Manager.AdmitAsync(Pod("three", "3"), CancellationToken.None));
    }

    [Fact]
    public async Task A_pods_containers_are_of_one_node_where_the_pod_is_what_counts()
    {
        using var parts = New("single-numa-node", "pod");
        Assert.Null(await parts.Manager.AdmitAsync(Pod("small", "1"), CancellationToken.None));

        Assert.Null(await parts.Manager.AdmitAsync(Pod("p", "3", "2"), CancellationToken.None));

        var cpus = parts.Cpus.ExclusiveOf("p", "c0").Union(parts.Cpus.ExclusiveOf("p", "c1"));
        Assert.Single(DualSocket.Ids(cpus, CpuTopology.Node));
        Assert.Contains(
            "kubelet_container_aligned_compute_resources_count{boundary=\"numa_node\",scope=\"pod\"} 2\n", Metrics());
        Assert.Equal(
            "TopologyAffinityError",
            (await parts.Manager.AdmitAsync(Pod("q", "3", "3"), CancellationToken.None))?.Reason);
    }

    [Fact]
    public async Task What_is_not_there_at_all_is_not_expected()
    {
        using var parts = New("none");
        Assert.Equal(
            ("UnexpectedAdmissionError",
                "Allocate failed due to not enough cpus available to satisfy request: requested=12, available=11, " +
                "which is unexpected"),
            await parts.Manager.AdmitAsync(Pod("p", "12"), CancellationToken.None));
        Assert.Contains("kubelet_topology_manager_admission_errors_total 0\n", Metrics());
    }

    [Theory]
    [InlineData("other", "container", "",
        "invalid configuration: topologyManagerPolicy (--topology-manager-policy) \"other\" must be one of: " +
        "[\"none\" \"best-effort\" \"restricted\" \"single-numa-node\"]")]
    [InlineData("none", "node", "",
        "invalid configuration: topologyManagerScope (--topology-manager-scope) \"node\" must be one of: " +
        "\"container\", or \"pod\"")]
    [InlineData("none", "pod", "fast=true", "unknown Topology Manager Policy option: \"fast\"")]
    [InlineData("none", "pod", "prefer-closest-numa-nodes=2",
        "bad value for option \"prefer-closest-numa-nodes\": strconv.ParseBool: parsing \"2\": invalid syntax")]
    [InlineData("none", "pod", "max-allowable-numa-nodes=4",
        "the minimum value of \"max-allowable-numa-nodes\" should not be less than 8")]
    public void What_is_no_policy_is_refused(
        string policy, string scope, string option, string problem) => Assert.Equal(
        problem,
        AgentPreconditions.ResourceProblem(
            Options(policy, scope) with
            {
                Resources = new ResourceOptions
                {
                    TopologyPolicy = policy, TopologyScope = scope,
                    TopologyPolicyOptions = option.Length == 0
                        ? new Dictionary<string, string>()
                        : new Dictionary<string, string> { [option.Split('=')[0]] = option.Split('=')[1] },
                },
            },
            Of(DualSocket)));

    [Fact]
    public void More_nodes_than_eight_have_to_be_allowed()
    {
        var options = new ResourceOptions { TopologyPolicy = "restricted" };
        Assert.Equal(
            "unsupported on machines with more than 8 NUMA Nodes",
            Assert.Throws<InvalidDataException>(() => TopologyRules.Of(options, 9)).Message);
        var more = new Dictionary<string, string> { ["max-allowable-numa-nodes"] = "16" };
        Assert.Equal(
            TopologyPolicy.Restricted, TopologyRules.Of(options with { TopologyPolicyOptions = more }, 9).Policy);
    }

    private static V1Pod Pod(string uid, params string[] cpus)
    {
        var pod = TestPods.Pod(uid, [.. cpus.Select(static (cpu, i) => new V1Container
        {
            Name = $"c{i}",
            Resources = new V1ResourceRequirements
            {
                Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(cpu), ["memory"] = new("1Mi") },
                Limits = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(cpu), ["memory"] = new("1Mi") },
            },
        })]);
        pod.Metadata.Uid = uid;
        return pod;
    }

    private string Metrics()
    {
        var text = new MetricsText();
        _meters.Write(text);
        return text.ToString();
    }

    private NodeAgentOptions Options(string policy, string scope) => new()
    {
        NodeName = "n", DataDirectory = _directory.FullName,
        Resources = new ResourceOptions
        {
            CpuPolicy = "static", ReservedCpus = "0", TopologyPolicy = policy, TopologyScope = scope,
        },
    };

    private Parts New(string policy, string scope = "container")
    {
        var options = Options(policy, scope);
        var cpus = PinningParts.Cpus(options, DualSocket, _meters);
        return new Parts(
            cpus, new TopologyManager(options, Of(DualSocket), [cpus], _meters, TimeProvider.System));
    }

    private sealed record Parts(NodeAgent.Cpus.CpuManager Cpus, TopologyManager Manager) : IDisposable
    {
        public void Dispose() => Manager.Dispose();
    }
}
