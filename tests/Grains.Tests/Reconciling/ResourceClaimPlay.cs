using k8s.Models;
using OrleansOrchestrator.Grains.DynamicResources.Claims;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>A pod gets its claims from a template; they are allocated, the pod ends, and they go.</summary>
internal sealed class ResourceClaimPlay : CrashPlay
{
    protected override int Acts => 3;

    protected override void SetUp()
    {
        World.Api.Seed(new V1ResourceClaimTemplate
        {
            Metadata = new V1ObjectMeta { Name = "tpl", NamespaceProperty = "default" },
            Spec = new V1ResourceClaimTemplateSpec { Spec = new V1ResourceClaimSpec() },
        });
        World.AddPod("web", "n1");
        World.Api.Change<V1Pod>("default", "web", static p => p.Spec.ResourceClaims =
        [
            new V1PodResourceClaim { Name = "a", ResourceClaimTemplateName = "tpl" },
            new V1PodResourceClaim { Name = "b", ResourceClaimTemplateName = "tpl" },
        ]);
    }

    protected override void Change(int act)
    {
        if (act == 1)
        {
            foreach (var name in World.Api.All<Resourcev1ResourceClaim>().Select(static c => c.Metadata.Name))
            {
                World.Api.Change<Resourcev1ResourceClaim>(
                    "default", name, static c => c.Metadata.Finalizers = [ResourceClaimPlanner.Finalizer]);
                World.Api.Change<Resourcev1ResourceClaim>(
                    "default",
                    name,
                    static c => c.Status = new V1ResourceClaimStatus { Allocation = new V1AllocationResult() },
                    "status");
            }
        }
        else if (act == 2)
        {
            World.Finish("web", 0);
        }
    }

    protected override void Step()
    {
        if (World.Api.Find<V1Pod>("default", "web")!.Status.Phase == "Running")
        {
            World.Step<V1Pod>("web");
        }

        World.StepAll<Resourcev1ResourceClaim>();
    }

    protected override void LoseMemory() => World.LoseActivations();

    protected override void Check() =>
        Assert.True(World.Api.All<Resourcev1ResourceClaim>().Count <= 2, "no more claims than the pod has");
}
