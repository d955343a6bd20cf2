using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Apps.StatefulSets;

public sealed class StatefulSetReconcilerTests
{
    private readonly World _world = new();

    private V1StatefulSetStatus Status => _world.Api.Find<V1StatefulSet>("default", "web")!.Status;

    [Fact]
    public void Starts_one_after_the_other_with_identity()
    {
        _world.AddStatefulSet("web", 3, s => s.Ordinals = new V1StatefulSetOrdinals { Start = 4 });
        _world.Step<V1StatefulSet>("web");
        _world.Step<V1StatefulSet>("web");
        var first = Assert.Single(_world.Api.All<V1Pod>());
        Assert.Equal(("web-4", "web-", "web-4", "svc"),
            (first.Metadata.Name, first.Metadata.GenerateName, first.Spec.Hostname, first.Spec.Subdomain));
        Assert.Equal("web-4", first.Metadata.Labels["statefulset.kubernetes.io/pod-name"]);
        Assert.Equal("4", first.Metadata.Labels["apps.kubernetes.io/pod-index"]);
        Assert.Equal(Status.UpdateRevision, first.Metadata.Labels["controller-revision-hash"]);
        _world.Settle();
        Assert.Equal(["web-4", "web-5", "web-6"], Names());
        Assert.Equal((3, 3), (Status.Replicas, Status.ReadyReplicas));
        Assert.Equal((3, 3), (Status.CurrentReplicas, Status.UpdatedReplicas));
    }

    [Fact]
    public void An_update_goes_down_to_the_partition_and_back_by_the_old_revision()
    {
        _world.AddStatefulSet("web", 4);
        _world.Settle();
        var first = Status.CurrentRevision;
        Change(s =>
        {
            s.Template.Spec.Containers[0].Image = "demo:2";
            s.UpdateStrategy.RollingUpdate.Partition = 2;
        });
        _world.Settle();
        Assert.Equal(["demo:1", "demo:1", "demo:2", "demo:2"], Images());
        Assert.Equal((first, 2, 2), (Status.CurrentRevision, Status.CurrentReplicas, Status.UpdatedReplicas));

        // A lost pod below the partition comes back as it was.
        _world.Api.Delete<V1Pod>("default", "web-0");
        _world.Settle();
        Assert.Equal(["demo:1", "demo:1", "demo:2", "demo:2"], Images());

        Change(s => s.Template.Spec.Containers[0].Image = "demo:1");
        _world.Settle();
        Assert.Equal(["demo:1", "demo:1", "demo:1", "demo:1"], Images());
        Assert.Equal((first, first), (Status.CurrentRevision, Status.UpdateRevision));
        Assert.Equal([2L, 3L], _world.Api.All<V1ControllerRevision>().Select(r => r.Revision!.Value).Order());
    }

    [Fact]
    public void On_delete_waits_for_the_user()
    {
        _world.AddStatefulSet("web", 2, s => s.UpdateStrategy = new V1StatefulSetUpdateStrategy { Type = "OnDelete" });
        _world.Settle();
        Change(s => s.Template.Spec.Containers[0].Image = "demo:2");
        _world.Settle();
        Assert.Equal(["demo:1", "demo:1"], Images());
        _world.Api.Delete<V1Pod>("default", "web-0");
        _world.Settle();
        Assert.Equal(["demo:2", "demo:1"], Images());
    }

    /// <summary>An update whose first pod never becomes ready stops there, and going back does not help it.</summary>
    [Fact]
    public void A_stuck_update_waits_for_the_user()
    {
        _world.AddStatefulSet("web", 3);
        _world.Settle();
        Change(s => s.Template.Spec.Containers[0].Image = "broken");
        for (var step = 0; step < 10; step++)
        {
            _world.Step<V1StatefulSet>("web");
            if (_world.Api.Find<V1Pod>("default", "web-2")?.Metadata.DeletionTimestamp is not null)
            {
                _world.EndPod("web-2");
            }
        }

        Change(s => s.Template.Spec.Containers[0].Image = "demo:1");
        _world.Settle(withKubelet: false);
        Assert.Equal(["demo:1", "demo:1", "broken"], Images());
        _world.Api.Delete<V1Pod>("default", "web-2");
        _world.Settle();
        Assert.Equal(["demo:1", "demo:1", "demo:1"], Images());
    }

    [Fact]
    public void A_failed_pod_is_made_again()
    {
        _world.AddStatefulSet("web", 2, s => s.PodManagementPolicy = "Parallel");
        _world.Settle();
        var before = _world.Api.Find<V1Pod>("default", "web-1")!.Metadata.Uid;
        _world.Api.Change<V1Pod>("default", "web-1", p => p.Status.Phase = "Failed", "status");
        _world.Settle();
        Assert.Equal(["web-0", "web-1"], Names());
        Assert.NotEqual(before, _world.Api.Find<V1Pod>("default", "web-1")!.Metadata.Uid);
    }

    [Theory]
    [InlineData("Retain", "Retain", null, null)]
    [InlineData("Delete", "Retain", "StatefulSet", "StatefulSet")]
    [InlineData("Retain", "Delete", null, "Pod")]
    [InlineData("Delete", "Delete", "StatefulSet", "Pod")]
    public void The_policy_says_who_owns_claims(string deleted, string scaled, string? kept, string? condemned)
    {
        AddWithClaims(Policy(deleted, scaled));
        _world.Settle();
        Assert.Equal(
            "data-web-1",
            _world.Api.Find<V1Pod>("default", "web-1")!.Spec.Volumes.Single().PersistentVolumeClaim.ClaimName);
        Change(s => s.Replicas = 1);
        _world.Step<V1StatefulSet>("web");
        Assert.Equal((kept, condemned), (Owner("data-web-0"), Owner("data-web-1")));
    }

    /// <summary>Else it would have nobody with whom it goes.</summary>
    [Fact]
    public void A_pod_stays_until_its_claim_could_be_read()
    {
        AddWithClaims(Policy("Retain", "Delete"));
        _world.Settle();
        Change(s => s.Replicas = 1);
        _world.Api.BeforeRead = static (resource, _) => resource == WellKnown.PersistentVolumeClaims
            ? StatusErrors.ServiceUnavailable("no store")
            : null;
        Assert.Throws<ReconcileException>(() => _world.Step<V1StatefulSet>("web"));
        Assert.Null(_world.Api.Find<V1Pod>("default", "web-1")!.Metadata.DeletionTimestamp);
        _world.Api.BeforeRead = null;
        _world.Step<V1StatefulSet>("web");
        Assert.Equal("Pod", Owner("data-web-1"));
    }

    [Fact]
    public async Task A_claim_that_somebody_else_controls_stays_his_and_is_told_of()
    {
        AddWithClaims(Policy("Delete", "Retain"));
        _world.Api.Seed(new V1PersistentVolumeClaim
        {
            Metadata = new V1ObjectMeta
            {
                Name = "data-web-0",
                NamespaceProperty = "default",
                OwnerReferences =
                [
                    new V1OwnerReference
                    {
                        ApiVersion = "v1", Kind = "ConfigMap", Name = "other", Uid = "other", Controller = true,
                    },
                ],
            },
            Spec = new V1PersistentVolumeClaimSpec(),
        });
        _world.Settle();
        Assert.Equal(("ConfigMap", "StatefulSet"), (Owner("data-web-0"), Owner("data-web-1")));
        await _world.Events.FlushAsync(CancellationToken.None);
        var told = _world.Api.All<Corev1Event>().Single(e => e.Reason == "ConflictingController");
        Assert.StartsWith("PersistentVolumeClaim data-web-0 has a conflicting OwnerReference", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_claim_that_goes_while_its_pod_runs_gets_the_owner_of_a_new_policy_and_holds_up_nothing()
    {
        AddWithClaims(Policy("Retain", "Retain"));
        _world.Settle();
        _world.Api.Change<V1PersistentVolumeClaim>(
            "default", "data-web-0", c => c.Metadata.Finalizers = ["kubernetes.io/pvc-protection"]);
        _world.Api.Delete<V1PersistentVolumeClaim>("default", "data-web-0");
        Change(s => s.PersistentVolumeClaimRetentionPolicy = Policy("Delete", "Retain"));
        _world.Settle();
        Assert.Equal(("StatefulSet", "StatefulSet"), (Owner("data-web-0"), Owner("data-web-1")));
    }

    [Fact]
    public void A_lost_label_is_restored()
    {
        _world.AddStatefulSet("web", 1);
        _world.Settle();
        _world.Api.Change<V1Pod>(
            "default", "web-0", p => p.Metadata.Labels.Remove("statefulset.kubernetes.io/pod-name"));
        _world.Settle();
        Assert.Equal(
            "web-0", _world.Api.Find<V1Pod>("default", "web-0")!.Metadata.Labels["statefulset.kubernetes.io/pod-name"]);
    }

    private void AddWithClaims(V1StatefulSetPersistentVolumeClaimRetentionPolicy policy) =>
        _world.AddStatefulSet("web", 2, s =>
        {
            s.PersistentVolumeClaimRetentionPolicy = policy;
            s.VolumeClaimTemplates = [new V1PersistentVolumeClaim { Metadata = new V1ObjectMeta { Name = "data" } }];
        });

    private static V1StatefulSetPersistentVolumeClaimRetentionPolicy Policy(string deleted, string scaled) =>
        new() { WhenDeleted = deleted, WhenScaled = scaled };

    private string? Owner(string claim) =>
        _world.Api.Find<V1PersistentVolumeClaim>("default", claim)!.Metadata.OwnerReferences?.SingleOrDefault()?.Kind;

    private void Change(Action<V1StatefulSetSpec> change) =>
        _world.Api.Change<V1StatefulSet>("default", "web", s => change(s.Spec));

    private IEnumerable<string> Names() => _world.Api.All<V1Pod>().Select(p => p.Metadata.Name);

    private IEnumerable<string> Images() => _world.Api.All<V1Pod>().Select(p => p.Spec.Containers[0].Image);
}
