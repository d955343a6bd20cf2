using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Pods;

public sealed class EphemeralVolumeReconcilerTests
{
    private readonly World _world = new();

    [Fact]
    public async Task A_pod_owns_the_claims_of_its_volumes()
    {
        var pod = AddPod();
        await StepAsync();
        var claims = _world.Api.All<V1PersistentVolumeClaim>();
        Assert.Equal(["web-cache", "web-data"], claims.Select(c => c.Metadata.Name).Order(StringComparer.Ordinal));
        Assert.All(claims, c =>
        {
            var owner = Assert.Single(c.Metadata.OwnerReferences);
            Assert.Equal(
                ("Pod", "web", pod.Metadata.Uid, true, true),
                (owner.Kind, owner.Name, owner.Uid, owner.Controller, owner.BlockOwnerDeletion));
            Assert.Equal($"web-{c.Metadata.Labels["of"]}", c.Metadata.Name);
        });
        var writes = _world.Api.Writes;
        await StepAsync();
        Assert.Equal(writes, _world.Api.Writes);
    }

    /// <summary>In upstream's words.</summary>
    [Fact]
    public async Task A_claim_that_is_anothers_is_told_of_and_left()
    {
        AddPod();
        _world.Api.Seed(new V1PersistentVolumeClaim
        {
            Metadata = new V1ObjectMeta { Name = "web-data", NamespaceProperty = "default" },
            Spec = new V1PersistentVolumeClaimSpec { AccessModes = ["ReadWriteOnce"] },
        });
        await Assert.ThrowsAsync<ReconcileException>(StepAsync);
        Assert.Null(_world.Api.Find<V1PersistentVolumeClaim>("default", "web-data")!.Metadata.OwnerReferences);
        await _world.Events.FlushAsync(CancellationToken.None);
        var told = Assert.Single(_world.Api.All<Corev1Event>());
        Assert.Equal(("Warning", "FailedBinding"), (told.Type, told.Reason));
        Assert.Equal(
            "ephemeral volume data: PVC default/web-data was not created for pod default/web (pod is not owner)",
            told.Message);
    }

    [Fact]
    public void What_is_told_of_a_volume_keeps_no_claim_of_devices_waiting()
    {
        AddPod();
        _world.Api.Seed(new V1PersistentVolumeClaim
        {
            Metadata = new V1ObjectMeta { Name = "web-data", NamespaceProperty = "default" },
            Spec = new V1PersistentVolumeClaimSpec { AccessModes = ["ReadWriteOnce"] },
        });
        _world.Api.Seed(new V1ResourceClaimTemplate
        {
            Metadata = new V1ObjectMeta { Name = "tpl", NamespaceProperty = "default" },
            Spec = new V1ResourceClaimTemplateSpec { Spec = new V1ResourceClaimSpec() },
        });
        _world.Api.Change<V1Pod>("default", "web", static p => p.Spec.ResourceClaims =
            [new V1PodResourceClaim { Name = "a", ResourceClaimTemplateName = "tpl" }]);
        Assert.Throws<ReconcileException>(() => _world.Step<V1Pod>("web"));
        Assert.Single(_world.Api.All<Resourcev1ResourceClaim>());
    }

    [Fact]
    public async Task A_pod_that_goes_gets_none()
    {
        AddPod();
        _world.Api.Delete<V1Pod>("default", "web");
        await StepAsync();
        Assert.Empty(_world.Api.All<V1PersistentVolumeClaim>());
    }

    private V1Pod AddPod()
    {
        _world.AddPod("web", "n1");
        _world.Api.Change<V1Pod>(
            "default", "web", static p => p.Spec.Volumes = EphemeralVolumePlay.Volumes("data", "cache"));
        return _world.Api.Find<V1Pod>("default", "web")!;
    }

    private async Task StepAsync() => await new EphemeralVolumeReconciler(
        new ObjectKey("default", "web"), _world.Services).ReconcileAsync(CancellationToken.None);
}
