using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Pods.Resizing;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Pods.Resizing.SizedPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods.Resizing;

public sealed class PodAllocationsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("orc-allocations-").FullName;
    private readonly PodAllocations _allocations;

    public PodAllocationsTests() => _allocations = Agent();

    private long NodeMilliCpu => new NodeFacts(Options).MilliCpuForPods;

    private NodeAgentOptions Options => new() { NodeName = "n", DataDirectory = _directory, NodeIp = "192.0.2.1" };

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(2, "Infeasible")]
    [InlineData(1, "Deferred")]
    public void A_wish_that_cannot_be_fulfilled_can_be_taken_back(int nodes, string reason)
    {
        var (pod, other) = (Asking("p", 100), Asking("other", 100));
        Admit(pod, other);
        var wish = Asking("p", nodes * NodeMilliCpu);

        Assert.True(_allocations.Observe(wish));
        Assert.Equal(["p"], _allocations.Retry([wish, other]));
        Assert.Equal((reason, "100m"), (Assert.Single(_allocations.Conditions(wish).Current).Reason, Given(wish)));
        Assert.Equal(reason == "Deferred", _allocations.AnyPending);
        Assert.False(_allocations.Observe(pod));
        Assert.Empty(_allocations.Conditions(pod).Current);
        Assert.False(_allocations.AnyPending);
    }

    [Fact]
    public void A_deferred_resize_is_done_when_others_give_back()
    {
        var (pod, other) = (Asking("p", 100), Asking("other", NodeMilliCpu - 100));
        Admit(pod, other);
        var (wish, smaller) = (Asking("p", 200), Asking("other", 100));
        _allocations.Observe(wish);
        _allocations.Retry([wish, other]);
        Assert.Equal("100m", Given(wish));

        _allocations.Observe(smaller);
        Assert.Equal(["other", "p"], _allocations.Retry([wish, smaller]));

        Assert.Equal(("200m", "100m"), (Given(wish), Given(smaller)));
        Assert.All(new[] { wish, smaller }, p =>
            Assert.Equal("PodResizeInProgress", Assert.Single(_allocations.Conditions(p).Current).Type));
    }

    [Fact]
    public void The_next_agent_knows_what_was_given()
    {
        Admit(Asking("p", 100));
        var next = Agent();
        var wish = Asking("p", 200);

        Assert.Equal("100m", next.Apply(wish).Spec.Containers[0].Resources.Requests["cpu"].ToString());
        Assert.True(next.Observe(wish));
        next.Forget("p");
        Assert.Same(wish, next.Apply(wish));
    }

    [Fact]
    public void Of_a_forgotten_pod_nothing_is_kept()
    {
        var pod = Asking("p", 100);
        _allocations.Observe(pod);
        Assert.Same(_allocations.Conditions(pod), _allocations.Conditions(pod));

        _allocations.Forget("p");

        Assert.NotSame(_allocations.Conditions(pod), _allocations.Conditions(pod));
    }

    private void Admit(params V1Pod[] pods)
    {
        foreach (var pod in pods)
        {
            _allocations.Allocate(pod);
        }
    }

    private string Given(V1Pod pod) => _allocations.Apply(pod).Spec.Containers[0].Resources.Requests["cpu"].ToString();

    private PodAllocations Agent() => new(
        Options,
        new NodeFacts(Options),
        new EventRecorder(new FakeCluster(), Options, TimeProvider.System, NullLogger<EventRecorder>.Instance),
        TimeProvider.System);

    private static V1Pod Asking(string name, long milliCpu)
    {
        var pod = Pod("-/-", name);
        pod.Spec.Containers[0].Resources = Of($"{milliCpu}m/-", "-/-");
        return pod;
    }
}
