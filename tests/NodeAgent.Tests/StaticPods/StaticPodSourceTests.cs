using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.StaticPods;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.StaticPods;

public sealed class StaticPodSourceTests
{
    private readonly StaticPod _one = Manifests.Image("one");
    private readonly StaticPod _two = Manifests.Image("two");
    private readonly StaticPodSource _source = new(new ManualTime());
    private readonly List<string> _told = [];

    public StaticPodSourceTests()
    {
        _source.Changed += (change, pod) => _told.Add($"{change} {pod.Spec.Containers[0].Image}");
        _source.Mirrored += (pod, mirror) =>
            _told.Add($"mirror of {pod.Spec.Containers[0].Image}: {mirror?.Metadata.Uid}");
    }

    [Fact]
    public void A_pod_runs_until_its_manifest_goes()
    {
        Assert.False(_source.Synced.IsCompleted);
        _source.Replace([_one]);
        _source.Replace([Manifests.Image("one")]);
        Assert.True(_source.Synced.IsCompleted);
        Assert.Equal(1, _source.Count);

        _source.Replace([]);
        _source.Replace([]);

        Assert.Equal(["Set one", "mirror of one: ", "Removed one"], _told);
        Assert.Equal(0, _source.Count);
    }

    [Fact]
    public void A_changed_one_waits_for_the_end_of_the_one_before()
    {
        _source.Replace([_one]);
        _source.Replace([_two]);
        Assert.Equal("Removed one", _told[^1]);
        Assert.Empty(_source.MirrorSteps()); // nothing is done about the mirror meanwhile

        _source.Ended("another");
        Assert.Equal("Removed one", _told[^1]);
        _source.Ended(_one.Pod.Metadata.Uid);
        Assert.Equal("Set two", _told[^2]);
    }

    [Fact]
    public void One_that_comes_back_while_it_ends_starts_again_afterwards()
    {
        _source.Replace([_one]);
        _source.Replace([]);
        _source.Replace([_one]);
        Assert.Equal("Removed one", _told[^1]);

        _source.Ended(_one.Pod.Metadata.Uid);
        Assert.Equal("Set one", _told[^2]);
    }

    /// <summary>A uid of its own makes a changed manifest a newer version of the same pod.</summary>
    [Fact]
    public void One_with_a_uid_of_its_own_is_updated()
    {
        _source.Replace([Own("one")]);
        _source.Replace([Own("two")]);

        Assert.Equal(["Set one", "mirror of one: ", "Set two", "mirror of two: "], _told);

        static StaticPod Own(string image) => Manifests.Read(Manifests.Web
            .Replace("name: web", "name: web\n  uid: own", StringComparison.Ordinal)
            .Replace("image: i", $"image: {image}", StringComparison.Ordinal));
    }

    [Fact]
    public void Who_comes_late_is_told_what_runs()
    {
        _source.Replace([_one]);
        var late = new List<string>();
        _source.Changed += (change, pod) => late.Add($"{change} {pod.Spec.Containers[0].Image}");
        Assert.Equal(["Set one"], late);
        Assert.Equal("2026-01-01T01:00:00.0000000Z", _one.Pod.Annotation(ConfigAnnotations.Seen));
    }

    [Fact]
    public void A_pod_without_mirror_gets_one_and_a_mirror_without_pod_goes()
    {
        _source.ObserveMirror(PodChange.Set, Mirror(_two, "m", 1));
        Assert.Empty(_source.MirrorSteps()); // its manifest may not be read yet

        _source.Replace([]);
        Assert.Equal("m", Step().Stale?.Metadata.Uid);
        _source.Replace([_one]);
        Assert.Equal("m", Step().Stale?.Metadata.Uid); // it is that of another content
        _source.ObserveMirror(PodChange.Removed, Mirror(_two, "m", 1));
        Assert.Equal(_one.Pod.Metadata.Uid, Step().Missing?.Metadata.Uid);
        _source.ObserveMirror(PodChange.Set, Mirror(_one, "n", 2));
        Assert.Empty(_source.MirrorSteps());
        Assert.Equal("mirror of one: n", _told[^1]);
    }

    /// <summary>Upstream waits for all sources only before it removes what no pod has.</summary>
    [Fact]
    public void Without_the_word_of_an_address_mirrors_of_what_runs_are_seen_to_and_no_other_goes()
    {
        _source.Expect(ConfigAnnotations.FromUrl);
        _source.ObserveMirror(PodChange.Set, Mirror(Named("other"), "o", 1));
        _source.Replace([_one]);
        Assert.Equal(_one.Pod.Metadata.Uid, Step().Missing?.Metadata.Uid);
        _source.ObserveMirror(PodChange.Set, Mirror(_two, "m", 2));
        Assert.Equal("m", Step().Stale?.Metadata.Uid);
        _source.ObserveMirror(PodChange.Set, Mirror(_one, "m", 3));
        Assert.Empty(_source.MirrorSteps());

        _source.Replace([], ConfigAnnotations.FromUrl);
        Assert.Equal("o", Step().Stale?.Metadata.Uid);

        static StaticPod Named(string name) =>
            Manifests.Read(Manifests.Web.Replace("name: web", $"name: {name}", StringComparison.Ordinal));
    }

    [Fact]
    public void A_mirror_that_is_deleted_is_made_again()
    {
        _source.Replace([_one]);
        _source.ObserveMirror(PodChange.Set, Mirror(_one, "m", 1));
        var deleted = Mirror(_one, "m", 2);
        deleted.Metadata.DeletionTimestamp = DateTime.UnixEpoch;

        _source.ObserveMirror(PodChange.Set, deleted);
        Assert.Equal("m", Step().Stale?.Metadata.Uid);
        Assert.Equal("mirror of one: ", _told[^1]);

        _source.ObserveMirror(PodChange.Removed, deleted);
        Assert.NotNull(Step().Missing);
        Assert.DoesNotContain("Removed one", _told); // the pod itself runs on
    }

    [Fact]
    public void What_a_watch_brings_late_is_overlooked()
    {
        _source.Replace([_one]);
        _source.ObserveMirror(PodChange.Set, Mirror(_one, "new", 5));

        _source.ObserveMirror(PodChange.Set, Mirror(_two, "old", 3));
        _source.ObserveMirror(PodChange.Removed, Mirror(_two, "old", 4));

        Assert.Empty(_source.MirrorSteps());
    }

    [Fact]
    public void The_mirror_of_a_pod_that_is_gone_goes_after_it()
    {
        _source.Replace([_one]);
        _source.ObserveMirror(PodChange.Set, Mirror(_one, "m", 1));
        _source.Replace([]);
        Assert.Empty(_source.MirrorSteps());

        _source.Ended(_one.Pod.Metadata.Uid);
        Assert.Equal("m", Step().Stale?.Metadata.Uid);
    }

    private MirrorStep Step() => Assert.Single(_source.MirrorSteps());

    private static V1Pod Mirror(StaticPod of, string uid, int revision) => of.Pod with
    {
        Metadata = of.Pod.Metadata with
        {
            Uid = uid,
            ResourceVersion = $"{revision}",
            Annotations = new Dictionary<string, string> { [ConfigAnnotations.Mirror] = of.Pod.Metadata.Uid },
        },
    };
}
