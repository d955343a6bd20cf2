using k8s.Models;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Apps.DaemonSets;

public sealed class DaemonSetReconcilerTests
{
    private readonly World _world = new();

    public DaemonSetReconcilerTests()
    {
        foreach (var node in new[] { "n1", "n2", "n3" })
        {
            _world.AddNode(node);
        }
    }

    private V1DaemonSetStatus Status => _world.Api.Find<V1DaemonSet>("default", "agent")!.Status;

    [Fact]
    public void Every_node_has_its_pod()
    {
        _world.AddDaemonSet("agent");
        _world.Settle();
        Assert.Equal(["n1", "n2", "n3"], Nodes());
        Assert.Equal(
            (3, 3, 3), (Status.DesiredNumberScheduled, Status.CurrentNumberScheduled, Status.NumberReady));
        Assert.Equal((3, 3, null), (Status.UpdatedNumberScheduled, Status.NumberAvailable, Status.NumberUnavailable));
        var pod = _world.Api.All<V1Pod>()[0];
        Assert.Equal(
            [
                "not-ready:NoExecute", "unreachable:NoExecute", "disk-pressure:NoSchedule",
                "memory-pressure:NoSchedule", "pid-pressure:NoSchedule", "unschedulable:NoSchedule",
            ],
            pod.Spec.Tolerations.Select(t => $"{t.Key.Split('/')[1]}:{t.Effect}"));
        var revision = Assert.Single(_world.Api.All<V1ControllerRevision>());
        Assert.Equal($"agent-{pod.Metadata.Labels["controller-revision-hash"]}", revision.Metadata.Name);
    }

    [Fact]
    public void What_takes_several_steps_is_told_by_the_next_and_by_the_last_itself()
    {
        for (var i = 4; i <= 1_100; i++)
        {
            _world.AddNode($"n{i}");
        }

        _world.AddDaemonSet("agent");
        foreach (var (pods, told) in new[] { (500, 0), (1_000, 500), (1_100, 1_100) })
        {
            Assert.Equal(TimeSpan.Zero, _world.Step<V1DaemonSet>("agent").After);
            Assert.Equal(pods, _world.ActivePods().Count);
            Assert.Equal((1_100, told), (Status.DesiredNumberScheduled, Status.CurrentNumberScheduled));
        }
    }

    [Theory]
    [InlineData("NoSchedule", 3, 1)]
    [InlineData("NoExecute", 2, 0)]
    [InlineData("PreferNoSchedule", 3, 0)]
    public void A_taint_keeps_out_or_drives_out(string effect, int pods, int misscheduled)
    {
        _world.AddDaemonSet("agent");
        _world.Settle();
        _world.Api.Change<V1Node>("", "n2", n => n.Spec.Taints = [new V1Taint { Key = "k", Effect = effect }]);
        _world.Settle();
        Assert.Equal((pods, misscheduled), (_world.ActivePods().Count, Status.NumberMisscheduled));
    }

    [Fact]
    public void Of_two_pods_on_a_node_the_younger_goes()
    {
        var set = _world.AddDaemonSet("agent");
        _world.Settle();
        _world.Time.Advance(TimeSpan.FromSeconds(5));
        _world.AddPod("extra", "n1", new Dictionary<string, string> { ["app"] = "agent" });
        _world.Settle();
        Assert.Equal(["n1", "n2", "n3"], Nodes());
        Assert.Null(_world.Api.Find<V1Pod>("default", "extra"));
        Assert.NotNull(set);
    }

    [Fact]
    public void A_pod_that_fails_again_and_again_waits_longer_each_time()
    {
        _world.AddDaemonSet("agent");
        _world.Settle();
        Fail();
        _world.Step<V1DaemonSet>("agent");
        _world.Settle();
        Fail();
        var wait = _world.Step<V1DaemonSet>("agent").After;
        Assert.Equal(TimeSpan.FromSeconds(1), wait);
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        _world.Settle();
        Assert.Equal(3, _world.ActivePods().Count);
        Fail();
        Assert.Equal(TimeSpan.FromSeconds(2), _world.Step<V1DaemonSet>("agent").After);

        void Fail() => _world.Api.Change<V1Pod>(
            "default",
            _world.ActivePods().Single(p => p.Spec.NodeName == "n1").Metadata.Name,
            p => p.Status.Phase = "Failed",
            "status");
    }

    [Theory]
    [InlineData("0", "1", 3, 2)]
    [InlineData("0", "2", 3, 1)]
    [InlineData("1", "0", 4, 3)]
    [InlineData("50%", "0", 5, 3)]
    public void A_rollout_stays_within_its_bounds(string surge, string unavailable, int most, int leastReady)
    {
        _world.AddDaemonSet("agent", surge, unavailable);
        _world.Settle();
        _world.Api.Change<V1DaemonSet>("default", "agent", d => d.Spec.Template.Spec.Containers[0].Image = "demo:2");
        for (var round = 0; round < 40; round++)
        {
            _world.Step<V1DaemonSet>("agent");
            var active = _world.ActivePods();
            Assert.InRange(active.Count, leastReady, most);
            Assert.InRange(active.Count(p => p.Status?.Phase == "Running"), leastReady, most);
            _world.RunKubelets();
        }

        Assert.All(_world.ActivePods(), p => Assert.Equal("demo:2", p.Spec.Containers[0].Image));
        Assert.Equal(3, Status.UpdatedNumberScheduled);
    }

    /// <summary>A share of no nodes is no pod, as upstream has it; a number is that number.</summary>
    [Theory]
    [InlineData("50%", 3)]
    [InlineData("1", 0)]
    public void Where_no_pod_belongs_any_more_a_rollout_takes_no_more_than_it_may(string unavailable, int left)
    {
        _world.AddDaemonSet("agent", unavailable: unavailable);
        _world.Settle();
        foreach (var node in new[] { "n1", "n2", "n3" })
        {
            _world.Api.Change<V1Node>(
                "", node, n => n.Spec.Taints = [new V1Taint { Key = "k", Effect = "NoSchedule" }]);
        }

        _world.Api.Change<V1DaemonSet>("default", "agent", d => d.Spec.Template.Spec.Containers[0].Image = "demo:2");
        _world.Settle();
        Assert.Equal((left, 0), (_world.ActivePods().Count, Status.DesiredNumberScheduled));
    }

    [Fact]
    public void A_pod_of_the_generation_of_the_template_counts_as_updated()
    {
        _world.AddDaemonSet("agent");
        _world.Api.Change<V1DaemonSet>("default", "agent", d => d.Metadata.Annotations = new Dictionary<string, string>
        {
            ["deprecated.daemonset.template.generation"] = "1",
        });
        _world.AddPod(
            "left", "n1", new Dictionary<string, string> { ["app"] = "agent", ["pod-template-generation"] = "1" });
        _world.Settle();
        Assert.Contains("left", _world.ActivePods().Select(p => p.Metadata.Name));
        Assert.Equal((3, 3), (Status.CurrentNumberScheduled, Status.UpdatedNumberScheduled));
    }

    [Fact]
    public void On_delete_waits_for_the_user_and_history_is_cut()
    {
        _world.AddDaemonSet("agent");
        _world.Settle();
        _world.Api.Change<V1DaemonSet>("default", "agent", d =>
        {
            d.Spec.UpdateStrategy = new V1DaemonSetUpdateStrategy { Type = "OnDelete" };
            d.Spec.RevisionHistoryLimit = 0;
            d.Spec.Template.Spec.Containers[0].Image = "demo:2";
        });
        _world.Settle();
        Assert.All(_world.ActivePods(), p => Assert.Equal("demo:1", p.Spec.Containers[0].Image));
        Assert.Equal(2, _world.Api.All<V1ControllerRevision>().Count);
        foreach (var pod in _world.ActivePods())
        {
            _world.Api.Delete<V1Pod>("default", pod.Metadata.Name);
        }

        _world.Settle();
        Assert.All(_world.ActivePods(), p => Assert.Equal("demo:2", p.Spec.Containers[0].Image));
        Assert.Equal(2, Assert.Single(_world.Api.All<V1ControllerRevision>()).Revision);
    }

    [Theory]
    [InlineData(0, "", 1)]
    [InlineData(5, "agent-copy", 5)]
    public void Of_two_revisions_of_one_template_the_newer_stays_and_no_pod_is_replaced(
        long number, string kept, long keptNumber)
    {
        _world.AddDaemonSet("agent");
        _world.Settle();
        var original = Assert.Single(_world.Api.All<V1ControllerRevision>());
        _world.Api.Seed(new V1ControllerRevision
        {
            Metadata = new V1ObjectMeta
            {
                Name = "agent-copy",
                NamespaceProperty = "default",
                Labels = new Dictionary<string, string> { ["app"] = "agent" },
            },
            Data = original.Data,
            Revision = number,
        });
        var pods = _world.ActivePods().Select(p => p.Metadata.Uid).ToList();
        _world.Api.Change<V1Pod>(
            "default",
            _world.ActivePods()[0].Metadata.Name,
            p => p.Metadata.Labels["controller-revision-hash"] = "agent-copy");
        _world.Settle();
        var revision = Assert.Single(_world.Api.All<V1ControllerRevision>());
        Assert.Equal(
            (kept.Length > 0 ? kept : original.Metadata.Name, keptNumber),
            (revision.Metadata.Name, revision.Revision ?? 0));
        Assert.Equal(pods, _world.ActivePods().Select(p => p.Metadata.Uid));
        Assert.All(_world.ActivePods(), p => Assert.Equal(
            revision.Metadata.Labels["controller-revision-hash"], p.Metadata.Labels["controller-revision-hash"]));
        Assert.Equal(3, Status.UpdatedNumberScheduled);
    }

    /// <summary>It is not the set's any more, but has its name and its template.</summary>
    [Fact]
    public void A_revision_without_labels_has_a_hash_again()
    {
        _world.AddDaemonSet("agent");
        _world.Settle();
        var name = Assert.Single(_world.Api.All<V1ControllerRevision>()).Metadata.Name;
        _world.Api.Change<V1ControllerRevision>("default", name, r => r.Metadata.Labels = null);
        _world.Settle();
        var labels = _world.Api.Find<V1ControllerRevision>("default", name)!.Metadata.Labels;
        Assert.Equal(name, labels["controller-revision-hash"]);
        Assert.All(_world.ActivePods(), p => Assert.Equal(name, p.Metadata.Labels["controller-revision-hash"]));
        Assert.Equal(3, Status.UpdatedNumberScheduled);
    }

    private IEnumerable<string> Nodes() =>
        _world.ActivePods().Select(p => p.Spec.NodeName).Order(StringComparer.Ordinal);
}
