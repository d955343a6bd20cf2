using k8s.Models;
using OrleansOrchestrator.Grains.DynamicResources.Claims;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.DynamicResources.Claims;

public sealed class ResourceClaimPlannerTests
{
    /// <summary>
    /// Columns: the holders of a claim that is allocated; which of them are pods that run; whether it is deleted. Then:
    /// the holders that stay ("=" when nothing is written), and whether it is let go.
    /// </summary>
    [Theory]
    [InlineData("a b", "a b", false, "=", false)]
    [InlineData("a b", "b", false, "b", false)]
    [InlineData("a", "", false, "", true)]
    [InlineData("a", "a", true, "=", false)]
    [InlineData("", "", false, "=", false)]
    [InlineData("", "", true, "", true)]
    public void Who_is_gone_holds_nothing(string holders, string running, bool isDeleted, string left, bool releases)
    {
        var claim = Claim(Split(holders), isDeleted);
        var pods = Split(running).ToDictionary(static n => n, n => Pod(n, "Running"));
        var plan = ResourceClaimPlanner.Compute(claim, pods);
        var kept = (plan.Status?.ReservedFor ?? []).Select(static r => r.Name);
        Assert.Equal(left, plan.Status is null ? "=" : string.Join(' ', kept));
        Assert.Equal(releases, plan.Releases);
        Assert.Equal(releases && plan.Status is not null, plan.Status is { Allocation: null });
    }

    [Theory]
    [InlineData("Running", "uid-p", "n", false, false)]
    [InlineData("Succeeded", "uid-p", "n", false, true)]
    [InlineData("Running", "uid-other", "n", false, true)]
    [InlineData("Pending", "uid-p", "", true, true)]
    [InlineData("Pending", "uid-p", "n", true, false)]
    [InlineData(null, null, null, false, false)]
    public void A_claim_of_a_pod_that_is_done_is_unused(
        string? phase, string? uid, string? node, bool isDeleted, bool isUnused)
    {
        var claim = Claim([], isDeleted: false);
        claim.Metadata.OwnerReferences =
            [new V1OwnerReference { ApiVersion = "v1", Kind = "Pod", Name = "p", Uid = "uid-p", Controller = true }];
        var pods = new Dictionary<string, V1Pod>();
        if (phase is not null)
        {
            pods["p"] = Pod("p", phase);
            pods["p"].Metadata.Uid = uid;
            pods["p"].Spec.NodeName = node;
            pods["p"].Metadata.DeletionTimestamp = isDeleted ? DateTime.UnixEpoch : null;
        }

        Assert.Equal(isUnused, ResourceClaimPlanner.Compute(claim, pods).IsUnused);
    }

    [Fact]
    public void From_a_holder_that_is_no_pod_nothing_is_taken()
    {
        var claim = Claim(["a", "b"], isDeleted: false);
        claim.Status.ReservedFor[1].ApiGroup = "example.com";
        var plan = ResourceClaimPlanner.Compute(claim, new Dictionary<string, V1Pod>());
        Assert.Equal("b", Assert.Single(plan.Status!.ReservedFor).Name);
        Assert.NotNull(plan.Status.Allocation);
        Assert.False(plan.Releases);
        Assert.False(plan.IsUnused);
    }

    private static string[] Split(string names) => names.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static V1Pod Pod(string name, string phase) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, Uid = $"uid-{name}" },
        Spec = new V1PodSpec { NodeName = "n" },
        Status = new V1PodStatus { Phase = phase },
    };

    private static Resourcev1ResourceClaim Claim(string[] holders, bool isDeleted) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = "c",
            Finalizers = [ResourceClaimPlanner.Finalizer],
            DeletionTimestamp = isDeleted ? DateTime.UnixEpoch : null,
        },
        Status = new V1ResourceClaimStatus
        {
            Allocation = new V1AllocationResult(),
            ReservedFor =
            [
                .. holders.Select(static h => new V1ResourceClaimConsumerReference
                {
                    Resource = "pods", Name = h, Uid = $"uid-{h}",
                }),
            ],
        },
    };
}
