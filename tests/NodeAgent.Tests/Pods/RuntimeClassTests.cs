using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.TestPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

/// <summary>Pods that name what runs them, on a real containerd.</summary>
[Collection("containers")]
public sealed class RuntimeClassTests(NodeHarness node)
{
    private FakeCluster Cluster => node.Cluster;

    [Fact]
    public async Task A_pod_runs_with_the_handler_of_its_class()
    {
        node.Require();
        Cluster.Put(Class("plain", "runc"));
        var pod = Cluster.Create(Classed("classed", "plain"));

        await Cluster.UntilAsync(pod, IsReady, "ready");

        var filter = new PodSandboxFilter();
        filter.LabelSelector[CriLabels.PodUid] = pod.Metadata.Uid;
        var sandboxes = await node.Get<CriClient>().Runtime.ListPodSandboxAsync(
            new ListPodSandboxRequest { Filter = filter });
        Assert.Equal("runc", Assert.Single(sandboxes.Items).RuntimeHandler);
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task A_class_that_is_not_there_yet_is_waited_for()
    {
        node.Require();
        var pod = Cluster.Create(Classed("unclassed", "late"));

        await Cluster.UntilEventAsync(
            pod, "FailedCreatePodSandBox", "Failed to create pod sandbox: runtimeclass.node.k8s.io \"late\" not found");
        Cluster.Put(Class("late", "runc"));

        await Cluster.UntilAsync(pod, IsReady, "ready", seconds: 180);
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task What_the_runtime_says_of_a_handler_that_it_does_not_know_is_handed_on()
    {
        node.Require();
        Cluster.Put(Class("odd", "none-such"));
        var pod = Cluster.Create(Classed("odd", "odd"));

        await Cluster.UntilEventAsync(
            pod, "FailedCreatePodSandBox", "no runtime for \"none-such\" is configured");
        await node.DeleteAsync(pod);
    }

    private static V1RuntimeClass Class(string name, string handler) =>
        new() { Metadata = new V1ObjectMeta { Name = name }, Handler = handler };

    private static V1Pod Classed(string name, string runtimeClass)
    {
        var pod = Pod(name, Service("c"));
        pod.Spec.RuntimeClassName = runtimeClass;
        return pod;
    }
}
