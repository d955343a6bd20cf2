using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Pods;

public sealed class PodResourceClaimReconcilerTests
{
    private readonly World _world = new();

    [Fact]
    public async Task A_claim_is_made_from_its_template_once_and_again_when_it_is_lost()
    {
        AddPod("web");
        AddTemplate();
        await StepAsync("web");
        var claim = Assert.Single(_world.Api.All<Resourcev1ResourceClaim>());
        Assert.Equal("web-gpu-", claim.Metadata.GenerateName);
        Assert.Equal("gpu", claim.Metadata.Annotations[PodResourceClaims.NameAnnotation]);
        var owner = Assert.Single(claim.Metadata.OwnerReferences);
        Assert.Equal(("web", true, null), (owner.Name, owner.Controller, owner.BlockOwnerDeletion));
        var made = Assert.Single(_world.Api.Find<V1Pod>("default", "web")!.Status.ResourceClaimStatuses);
        Assert.Equal(("gpu", claim.Metadata.Name), (made.Name, made.ResourceClaimName));

        var writes = _world.Api.Writes;
        await StepAsync("web");
        Assert.Equal(writes, _world.Api.Writes);

        _world.Api.Delete<Resourcev1ResourceClaim>("default", claim.Metadata.Name);
        await StepAsync("web");
        Assert.Single(_world.Api.All<Resourcev1ResourceClaim>());
    }

    /// <summary>Its claim is deleted while it is still there: a new one would be deleted too, without end.</summary>
    [Theory]
    [InlineData("Succeeded")]
    [InlineData("Failed")]
    public async Task A_pod_that_has_ended_gets_no_claim_any_more(string phase)
    {
        AddPod("web");
        AddTemplate();
        await StepAsync("web");
        var claim = Assert.Single(_world.Api.All<Resourcev1ResourceClaim>());
        _world.Api.Change<V1Pod>("default", "web", p => p.Status.Phase = phase, "status");
        _world.Api.Delete<Resourcev1ResourceClaim>("default", claim.Metadata.Name);
        await StepAsync("web");
        Assert.Empty(_world.Api.All<Resourcev1ResourceClaim>());
    }

    [Fact]
    public async Task Without_its_template_a_pod_is_told_so()
    {
        AddPod("web");
        var failure = await Assert.ThrowsAsync<ReconcileException>(() => StepAsync("web"));
        Assert.EndsWith(
            "gpu: resource claim template \"tpl\": resourceclaimtemplate.resource.k8s.io \"tpl\" not found",
            failure.Message,
            StringComparison.Ordinal);
    }

    /// <summary>As upstream's <c>findPodResourceClaim</c>: a crash came between the claim and the status.</summary>
    [Fact]
    public async Task A_claim_that_was_not_noted_is_found_without_its_template()
    {
        AddPod("web");
        AddTemplate();
        await StepAsync("web");
        var claim = Assert.Single(_world.Api.All<Resourcev1ResourceClaim>()).Metadata.Name;
        _world.Api.Change<V1Pod>(
            "default", "web", static p => p.Status.ResourceClaimStatuses = null, "status");
        _world.Api.Delete<V1ResourceClaimTemplate>("default", "tpl");
        await StepAsync("web");
        var noted = Assert.Single(_world.Api.Find<V1Pod>("default", "web")!.Status.ResourceClaimStatuses);
        Assert.Equal(claim, noted.ResourceClaimName);
    }

    [Fact]
    public async Task A_template_that_cannot_be_read_is_not_called_missing()
    {
        AddPod("web");
        _world.Api.BeforeRead = static (resource, _) => resource == ResourceOf<V1ResourceClaimTemplate>.Name
            ? StatusErrors.ServiceUnavailable("no store")
            : null;
        var failure = await Assert.ThrowsAsync<ReconcileException>(() => StepAsync("web"));
        Assert.Equal("resource claim template tpl: no store", failure.Message);
    }

    [Fact]
    public async Task Names_that_are_too_long_together_are_shortened_in_proportion()
    {
        var pod = new string('p', 60);
        AddPod(pod);
        AddTemplate();
        await StepAsync(pod);
        var name = Assert.Single(_world.Api.All<Resourcev1ResourceClaim>()).Metadata.Name;
        Assert.StartsWith($"{new string('p', 52)}-gp-", name, StringComparison.Ordinal);
    }

    private async Task StepAsync(string pod) =>
        await new PodResourceClaimReconciler(new ObjectKey("default", pod), _world.Services).ReconcileAsync(default);

    private void AddPod(string name)
    {
        _world.AddPod(name, "");
        _world.Api.Change<V1Pod>(
            "default",
            name,
            static p => p.Spec.ResourceClaims =
                [new V1PodResourceClaim { Name = "gpu", ResourceClaimTemplateName = "tpl" }]);
    }

    private void AddTemplate() => _world.Api.Seed(new V1ResourceClaimTemplate
    {
        Metadata = new V1ObjectMeta { Name = "tpl", NamespaceProperty = "default" },
        Spec = new V1ResourceClaimTemplateSpec { Spec = new V1ResourceClaimSpec() },
    });
}
