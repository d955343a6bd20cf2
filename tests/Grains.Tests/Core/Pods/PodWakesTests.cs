using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Pods;

public sealed class PodWakesTests
{
    private static readonly ObjectKey Claim = new("default", "gpu");

    private readonly World _world = new();

    /// <summary>One that was put on a node past the scheduler, before its claim had devices.</summary>
    [Theory]
    [InlineData("node-a", "Pending", true)]
    [InlineData("", "Pending", false)]
    [InlineData("node-a", "Failed", false)]
    public async Task A_claim_that_gets_devices_wakes_who_is_on_a_node_already(string node, string phase, bool isWoken)
    {
        _world.AddPod("web", node);
        _world.Api.Change<V1Pod>(
            "default", "web",
            p => p.Spec.ResourceClaims = [new V1PodResourceClaim { Name = "gpu", ResourceClaimName = "gpu" }]);
        _world.Api.Change<V1Pod>("default", "web", p => p.Status.Phase = phase, "status");
        _world.Api.Seed(new Resourcev1ResourceClaim
        {
            Metadata = new V1ObjectMeta { Name = Claim.Name, NamespaceProperty = Claim.Namespace },
            Spec = new V1ResourceClaimSpec(),
        });
        var follows = PodWakes.Registration.Follows();
        List<ObjectKey> Wake(ResourceName resource, ResourceObject item, ResourceObject? before)
        {
            var keys = new List<ObjectKey>();
            var kind = before is null ? ChangeKind.Added : ChangeKind.Modified;
            foreach (var followed in follows.Where(f => f.Resource == resource))
            {
                followed.Map(new ResourceChange { Kind = kind, Object = item, Previous = before }, keys);
            }

            return keys;
        }

        Wake(WellKnown.Pods, await ReadAsync(WellKnown.Pods, new ObjectKey("default", "web")), null);
        var free = await ReadAsync(WellKnown.ResourceClaims, Claim);
        Assert.Empty(Wake(WellKnown.ResourceClaims, free, null));
        _world.Api.Change<Resourcev1ResourceClaim>(
            "default", "gpu",
            static c => c.Status = new V1ResourceClaimStatus { Allocation = new V1AllocationResult() }, "status");
        var allocated = await ReadAsync(WellKnown.ResourceClaims, Claim);
        Assert.Equal(
            isWoken ? [new ObjectKey("default", "web")] : [], Wake(WellKnown.ResourceClaims, allocated, free));
        Assert.Empty(Wake(WellKnown.ResourceClaims, allocated, allocated));
    }

    private async Task<ResourceObject> ReadAsync(ResourceName resource, ObjectKey key) =>
        (await _world.Api.GetAsync(resource, key, ReadFreshness.Cached, CancellationToken.None)).Required;
}
