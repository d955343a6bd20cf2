using k8s.Models;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.TestPods;

namespace OrleansOrchestrator.NodeAgent.Tests.StaticPods;

/// <summary>Static pods on a real containerd, from their file to their mirror.</summary>
[Collection("containers")]
public sealed class StaticPodLifeTests(NodeHarness node) : IDisposable
{
    private const string Name = "still-node-under-test";

    private FakeCluster Cluster => node.Cluster;

    private PodEntry? Running => node.Get<PodManager>().Find("default", Name);

    public void Dispose() => (Cluster.IsAway, Cluster.NewestNode) = (false, null);

    [Fact]
    public async Task A_static_pod_needs_no_API_and_has_a_mirror_in_it()
    {
        node.Require();
        Cluster.IsAway = true;
        Write("one");
        await Cluster.UntilAsync(() => Running?.Runtime.AnyRunning == true, () => "running", poll: true);
        var container = Running!.Container("c")!.Id;

        Cluster.NewestNode = new V1Node
        {
            Metadata = new V1ObjectMeta { Name = node.Options.NodeName, Uid = "node-uid", ResourceVersion = "0" },
        };
        Cluster.IsAway = false;
        var mirror = await MirrorAsync(IsReady);
        Assert.Equal(Running!.Pod.Metadata.Uid, mirror.Annotation(ConfigAnnotations.Mirror));
        Assert.Equal($"containerd://{container}", mirror.Status.ContainerStatuses[0].ContainerID);

        Cluster.BeginDelete(mirror);
        var second = await MirrorAsync(m => m.Metadata.Uid != mirror.Metadata.Uid && IsReady(m));
        Assert.Equal($"containerd://{container}", second.Status.ContainerStatuses[0].ContainerID);

        Write("two");
        var third = await MirrorAsync(m => m.Metadata.Uid != second.Metadata.Uid && IsReady(m));
        Assert.NotEqual($"containerd://{container}", third.Status.ContainerStatuses[0].ContainerID);
        await Cluster.UntilAsync(
            () => node.Log(Running!.Pod, "c").Contains("two", StringComparison.Ordinal), () => "another program",
            poll: true);

        File.Delete(Path.Combine(node.Options.StaticPodPath, "still.yaml"));
        await Cluster.UntilAsync(() => Running is null && !Cluster.Exists(third), () => "nothing", poll: true);
    }

    /// <summary>Else it could escape evictions, and nobody would be told its status.</summary>
    [Fact]
    public async Task Of_a_pod_of_the_API_it_is_not_believed_that_it_is_a_files()
    {
        node.Require();
        var pod = Pod("pretends", Service("c"));
        pod.Metadata.Annotations = new Dictionary<string, string> { [ConfigAnnotations.Source] = "file" };
        Cluster.Create(pod);

        await Cluster.UntilAsync(pod, IsReady, "ready");

        Assert.False(node.Get<PodManager>().FindByUid(pod.Metadata.Uid)!.Pod.IsCritical());
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task A_mirror_of_no_pod_here_goes()
    {
        node.Require();
        var pod = Pod("left", Service("c"));
        pod.Metadata.Annotations = new Dictionary<string, string> { [ConfigAnnotations.Mirror] = "gone" };
        Cluster.Create(pod);

        await Cluster.UntilAsync(() => !Cluster.Exists(pod), () => "removed", poll: true);

        Assert.Null(node.Get<PodManager>().FindByUid(pod.Metadata.Uid));
    }

    private void Write(string word)
    {
        Directory.CreateDirectory(node.Options.StaticPodPath);
        File.WriteAllText(
            Path.Combine(node.Options.StaticPodPath, "still.yaml"),
            $$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: still}
            spec:
              terminationGracePeriodSeconds: 5
              containers:
              - name: c
                image: {{NodeHarness.Busybox}}
                imagePullPolicy: IfNotPresent
                command: [sh, -c, "echo {{word}}; trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done"]
            """);
    }

    private async Task<V1Pod> MirrorAsync(Func<V1Pod, bool> holds)
    {
        V1Pod? found = null;
        await Cluster.UntilAsync(
            () => (found = Cluster.Named(Name)) is { Metadata.DeletionTimestamp: null } && holds(found),
            () => "a mirror", poll: true);
        return found!;
    }
}
