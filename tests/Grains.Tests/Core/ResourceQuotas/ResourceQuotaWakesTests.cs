using k8s.Models;
using OrleansOrchestrator.Grains.Core.ResourceQuotas;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.ResourceQuotas;

/// <summary>What is freed of a quota is counted when it is freed, whatever kind of object freed it.</summary>
public sealed class ResourceQuotaWakesTests
{
    private static readonly ObjectKey Quota = new("default", "q");

    [Theory]
    [InlineData("count/widgets.example.com", "default", true)]
    [InlineData("count/widgets.example.com", "elsewhere", false)]
    [InlineData("count/gadgets.example.com", "default", false)]
    public void A_custom_object_that_goes_wakes_the_quotas_that_count_it(string bounded, string place, bool isWoken)
    {
        var others = Following(bounded);

        Assert.True(others.Which(CustomKind.Of(CustomKind.Widgets)));
        var keys = new List<ObjectKey>();
        others.Map(CustomKind.Widgets, Change(ChangeKind.Added, place), keys);
        Assert.Empty(keys);
        others.Map(CustomKind.Widgets, Change(ChangeKind.Deleted, place), keys);
        Assert.Equal(isWoken ? [Quota] : [], keys);
    }

    [Theory]
    [InlineData("500m", "300m", true)]
    [InlineData("500m", "500m", false)]
    public void A_pod_that_has_become_smaller_wakes_the_quotas_that_count_it(string had, string has, bool isWoken)
    {
        var world = new World();
        var before = Sized(world, "before", had);
        var keys = new List<ObjectKey>();
        Following("requests.cpu").Map(
            WellKnown.Pods,
            new ResourceChange { Kind = ChangeKind.Modified, Previous = before, Object = Sized(world, "now", has) },
            keys);
        Assert.Equal(isWoken ? [Quota] : [], keys);
    }

    [Theory]
    [InlineData("", "Infeasible", true)]
    [InlineData("Deferred", "Infeasible", true)]
    [InlineData("", "Deferred", false)]
    [InlineData("Infeasible", "Infeasible", false)]
    public void A_resize_that_turns_out_to_be_in_vain_wakes_the_quotas_that_count_the_pod(
        string was, string turns, bool isWoken)
    {
        var world = new World();
        var before = Sized(world, "before", "500m", was);
        var keys = new List<ObjectKey>();
        Following("requests.cpu").Map(
            WellKnown.Pods,
            new ResourceChange
            {
                Kind = ChangeKind.Modified, Previous = before, Object = Sized(world, "now", "500m", turns),
            },
            keys);
        Assert.Equal(isWoken ? [Quota] : [], keys);
    }

    [Theory]
    [InlineData("configmaps", true)]
    [InlineData("leases", true)]
    [InlineData("events", false)]
    [InlineData("nodes", false)]
    [InlineData("localsubjectaccessreviews", false)]
    public void Each_kind_that_can_be_counted_is_followed(string plural, bool isFollowed)
    {
        var kind = BuiltInResources.Table.Kinds.First(k => k.Name.Plural == plural);

        Assert.Equal(isFollowed, Following("pods").Which(kind));
    }

    private static FollowedKinds Following(string bounded)
    {
        var world = new World();
        world.Api.Seed(new V1ResourceQuota
        {
            Metadata = new V1ObjectMeta { Name = Quota.Name, NamespaceProperty = Quota.Namespace },
            Spec = new V1ResourceQuotaSpec
            {
                Hard = new Dictionary<string, ResourceQuantity> { [bounded] = new ResourceQuantity("1") },
            },
        });
        var quotas = Assert.Single(ResourceQuotaWakes.Registration.Follows());
        var stored = world.Api.Find(WellKnown.ResourceQuotas, Quota)!;
        var keys = new List<ObjectKey>();
        quotas.Map(new ResourceChange { Kind = ChangeKind.Added, Object = stored }, keys);
        Assert.Equal([Quota], keys);
        return quotas.Others!;
    }

    private static ResourceObject Sized(World world, string name, string cpu, string pending = "")
    {
        world.Api.Seed(new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = Quota.Namespace, Generation = 1 },
            Spec = new V1PodSpec { Containers = [new V1Container { Name = "c" }] },
            Status = new V1PodStatus
            {
                Conditions = pending.Length == 0 ? null
                    : [new V1PodCondition { Type = "PodResizePending", Status = "True", Reason = pending }],
                ContainerStatuses =
                [
                    new V1ContainerStatus
                    {
                        Name = "c",
                        Resources = new V1ResourceRequirements
                        {
                            Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(cpu) },
                        },
                    },
                ],
            },
        });
        return world.Api.Find(WellKnown.Pods, new ObjectKey(Quota.Namespace, name))!;
    }

    private static ResourceChange Change(ChangeKind kind, string place) => new()
    {
        Kind = kind, Object = CustomKind.Object(CustomKind.Widgets, place, "w"),
    };
}
