using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.DynamicResources.Claims;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.DynamicResources.Claims;

/// <summary>Pods that come and go under a claim: it is held by those that live, and by nobody else for long.</summary>
public sealed class ResourceClaimHistoryTests
{
    private static readonly Gen<(string What, string Pod)> Events =
        Gen.Select(Gen.OneOf("reserve", "end", "lose", "renew", "delete claim"), Gen.OneOf("a", "b", "c"));

    [Fact]
    public void A_claim_is_held_by_the_pods_that_live() => Events.Array[1, 12].Check(events =>
    {
        var pods = new Dictionary<string, V1Pod>();
        var claim = new Resourcev1ResourceClaim
        {
            Metadata = new V1ObjectMeta { Name = "c", Finalizers = [ResourceClaimPlanner.Finalizer] },
            Status = new V1ResourceClaimStatus { Allocation = new V1AllocationResult() },
        };
        var (isFreed, renewals) = (false, 0);
        foreach (var (what, name) in events)
        {
            switch (what)
            {
                case "reserve" when claim.Metadata.DeletionTimestamp is null && !isFreed:
                    pods.TryAdd(name, Pod(name, $"{name}{renewals}"));
                    claim.Status.ReservedFor = [.. (claim.Status.ReservedFor ?? []).Where(r => r.Name != name),
                        new V1ResourceClaimConsumerReference
                        {
                            Resource = "pods", Name = name, Uid = pods[name].Metadata.Uid,
                        }];
                    break;
                case "end" when pods.TryGetValue(name, out var pod):
                    pod.Status.Phase = "Succeeded";
                    break;
                case "lose":
                    pods.Remove(name);
                    break;
                case "renew":
                    pods[name] = Pod(name, $"{name}{++renewals}");
                    break;
                case "delete claim":
                    claim.Metadata.DeletionTimestamp = DateTime.UnixEpoch;
                    break;
            }

            var before = (claim.Status.ReservedFor ?? []).ToList();
            var plan = ResourceClaimPlanner.Compute(claim, pods);
            claim.Status = plan.Status ?? claim.Status;
            if (plan.Releases)
            {
                claim.Metadata.Finalizers = [];
            }

            var living = before.Where(r => pods.GetValueOrDefault(r.Name) is { Status.Phase: "Running" } pod
                && pod.Metadata.Uid == r.Uid).Select(r => r.Uid);
            Assert.Equal(living, (claim.Status.ReservedFor ?? []).Select(r => r.Uid));
            isFreed |= (before.Count > 0 || claim.Metadata.DeletionTimestamp is not null)
                && claim.Status.ReservedFor is null or { Count: 0 };
            Assert.Equal(isFreed, claim.Status.Allocation is null);
            Assert.Equal(isFreed, claim.Metadata.Finalizers.Count == 0);
            Assert.Null(ResourceClaimPlanner.Compute(claim, pods).Status);
        }
    }, cases: 500);

    private static V1Pod Pod(string name, string uid) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, Uid = uid },
        Spec = new V1PodSpec { NodeName = "n" },
        Status = new V1PodStatus { Phase = "Running" },
    };
}
