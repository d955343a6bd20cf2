using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.StaticPods;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.StaticPods;

public sealed class MirrorPodsTests : IAsyncLifetime
{
    private readonly FakeCluster _cluster = new();
    private readonly StaticPodSource _source = new(TimeProvider.System);
    private readonly MirrorPods _mirrors;

    public MirrorPodsTests()
    {
        var options = new NodeAgentOptions { NodeName = Manifests.NodeName };
        _cluster.Changed += _source.ObserveMirror;
        _mirrors = new MirrorPods(
            _source, _cluster, _cluster, new NodeObject(_cluster, options), TimeProvider.System,
            NullLogger<MirrorPods>.Instance);
    }

    public async ValueTask InitializeAsync() => await _mirrors.StartAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _mirrors.StopAsync(CancellationToken.None);
        _mirrors.Dispose();
    }

    [Fact]
    public async Task A_static_pod_gets_a_mirror_that_its_node_owns()
    {
        _cluster.NewestNode = Node("node-uid");
        var pod = Manifests.Image("one");
        _source.Replace([pod]);

        var mirror = await MirrorAsync(_ => true);

        Assert.Equal(pod.Pod.Metadata.Uid, mirror.Annotation("kubernetes.io/config.mirror"));
        Assert.Equal(pod.Pod.Metadata.Uid, mirror.Annotation("kubernetes.io/config.hash"));
        Assert.NotEqual(pod.Pod.Metadata.Uid, mirror.Metadata.Uid);
        Assert.Equal(("web-node-1", "default"), (mirror.Metadata.Name, mirror.Metadata.NamespaceProperty));
        var owner = Assert.Single(mirror.Metadata.OwnerReferences);
        Assert.Equal(
            ("v1", "Node", Manifests.NodeName, "node-uid", true, null),
            (owner.ApiVersion, owner.Kind, owner.Name, owner.Uid, owner.Controller, owner.BlockOwnerDeletion));
    }

    [Fact]
    public async Task A_deleted_mirror_comes_back_and_one_of_another_content_is_replaced()
    {
        _cluster.NewestNode = Node("node-uid");
        var (one, two) = (Manifests.Image("one"), Manifests.Image("two"));
        _source.Replace([one]);
        var first = await MirrorAsync(_ => true);

        _cluster.BeginDelete(first);
        var second = await MirrorAsync(m => m.Metadata.Uid != first.Metadata.Uid);
        _cluster.ForceDelete(second);
        var third = await MirrorAsync(m => m.Metadata.Uid != second.Metadata.Uid);

        _source.Replace([two]);
        _source.Ended(one.Pod.Metadata.Uid);
        var fourth = await MirrorAsync(m => m.Metadata.Uid != third.Metadata.Uid);
        Assert.Equal(two.Pod.Metadata.Uid, fourth.Annotation(ConfigAnnotations.Mirror));

        _source.Replace([]);
        _source.Ended(two.Pod.Metadata.Uid);
        await _cluster.UntilAsync(() => !_cluster.Exists(fourth), () => "no mirror", poll: true);
    }

    [Fact]
    public async Task An_API_that_is_away_or_has_no_node_yet_is_waited_for()
    {
        _cluster.IsAway = true;
        _source.Replace([Manifests.Image("one")]);
        _cluster.NewestNode = Node("node-uid");
        _cluster.IsAway = false;

        Assert.NotNull(await MirrorAsync(_ => true));
    }

    private async Task<V1Pod> MirrorAsync(Func<V1Pod, bool> holds)
    {
        V1Pod? found = null;
        await _cluster.UntilAsync(
            () => (found = _cluster.Named("web-node-1")) is { Metadata.DeletionTimestamp: null } && holds(found),
            () => "a mirror", poll: true);
        return found!;
    }

    private static V1Node Node(string uid) => new()
    {
        Metadata = new V1ObjectMeta { Name = Manifests.NodeName, Uid = uid, ResourceVersion = "1" },
    };
}
