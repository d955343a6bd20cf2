using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.DynamicResources.Claims;

public sealed class ResourceClaimReconcilerTests
{
    private readonly World _world = new();

    /// <summary>Its devices would be given to others while it uses them.</summary>
    [Fact]
    public void A_pod_that_cannot_be_read_keeps_its_claim()
    {
        var pod = _world.AddPod("web", "node-a");
        _world.Api.Seed(new Resourcev1ResourceClaim
        {
            Metadata = new V1ObjectMeta { Name = "gpu", NamespaceProperty = "default" },
            Spec = new V1ResourceClaimSpec(),
            Status = new V1ResourceClaimStatus
            {
                ReservedFor =
                [
                    new V1ResourceClaimConsumerReference { Resource = "pods", Name = "web", Uid = pod.Metadata.Uid },
                ],
            },
        });
        _world.Api.BeforeRead = static (resource, _) => resource == WellKnown.Pods
            ? StatusErrors.ServiceUnavailable("no store")
            : null;
        Assert.Throws<ReconcileException>(() => _world.Step<Resourcev1ResourceClaim>("gpu"));
        Assert.Single(_world.Api.Find<Resourcev1ResourceClaim>("default", "gpu")!.Status.ReservedFor);
        _world.Api.BeforeRead = null;
        _world.Step<Resourcev1ResourceClaim>("gpu");
        Assert.Single(_world.Api.Find<Resourcev1ResourceClaim>("default", "gpu")!.Status.ReservedFor);
    }
}
