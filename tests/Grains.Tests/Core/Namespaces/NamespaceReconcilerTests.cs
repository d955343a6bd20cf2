using k8s.Models;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Namespaces;

public sealed class NamespaceReconcilerTests
{
    [Fact]
    public void A_namespace_is_furnished_and_repaired()
    {
        var world = Shop();
        world.Step<V1Namespace>("default");
        Assert.NotNull(world.Api.Find<V1ServiceAccount>("default", "default"));
        Assert.Equal("PEM", world.Api.Find<V1ConfigMap>("default", "kube-root-ca.crt")!.Data["ca.crt"]);
        var before = world.Api.Writes;
        world.Step<V1Namespace>("default");
        Assert.Equal(before, world.Api.Writes);
        world.Api.Change<V1ConfigMap>("default", "kube-root-ca.crt", c => c.Data["ca.crt"] = "forged");
        world.Api.Delete<V1ServiceAccount>("default", "default");
        world.Step<V1Namespace>("default");
        Assert.NotNull(world.Api.Find<V1ServiceAccount>("default", "default"));
        Assert.Equal("PEM", world.Api.Find<V1ConfigMap>("default", "kube-root-ca.crt")!.Data["ca.crt"]);
    }

    [Fact]
    public void Pods_go_first_and_the_rest_after_them()
    {
        var world = Shop();
        world.Step<V1Namespace>("default");
        world.AddPod("a", "n1");
        world.AddPod("b", "n1");
        world.Api.Change<V1Pod>("default", "a", static p => p.Spec.TerminationGracePeriodSeconds = 30);
        world.Api.Delete<V1Namespace>("", "default");
        var deleted = new List<ResourceName>();
        world.Api.AfterWrite = w => deleted.Add(w.Resource);

        var result = world.Step<V1Namespace>("default");
        Assert.NotNull(result.After);
        Assert.All(world.Api.All<V1Pod>(), p => Assert.NotNull(p.Metadata.DeletionTimestamp));
        Assert.NotNull(world.Api.Find<V1ServiceAccount>("default", "default"));
        var conditions = world.Api.Find<V1Namespace>("", "default")!.Status.Conditions;
        Assert.All(conditions, static c => Assert.Equal("False", c.Status));

        world.Time.Advance(TimeSpan.FromSeconds(31));
        world.Step<V1Namespace>("default");
        var failure = world.Api.Find<V1Namespace>("", "default")!.Status.Conditions.Single(static c =>
            c.Status == "True");
        Assert.Equal(
            ("NamespaceDeletionContentFailure",
                "Failed to delete all resource types, 1 remaining: unexpected items still remain in namespace: default for gvr: /v1, Resource=pods"),
            (failure.Type, failure.Message));

        world.EndPod("a");
        world.EndPod("b");
        for (var i = 0; i < 5; i++)
        {
            world.Step<V1Namespace>("default");
        }

        Assert.Null(world.Api.Find<V1Namespace>("", "default"));
        Assert.Empty(world.Api.All<V1ConfigMap>("default"));
        Assert.True(deleted.LastIndexOf(WellKnown.Pods) < deleted.IndexOf(WellKnown.ConfigMaps));
    }

    [Fact]
    public void Finalizers_hold_a_namespace_and_are_named()
    {
        var world = Shop();
        world.Api.Seed(new V1ConfigMap
        {
            Metadata =
                new V1ObjectMeta { Name = "held", NamespaceProperty = "default", Finalizers = ["example.com/wait"] },
        });
        world.Api.Delete<V1Namespace>("", "default");
        world.Step<V1Namespace>("default");
        world.Step<V1Namespace>("default");
        var condition = world.Api.Find<V1Namespace>("", "default")!.Status.Conditions.Single(
            c => c.Type == "NamespaceFinalizersRemaining");
        Assert.Equal("Some finalizers are remaining: example.com/wait in 1 resource instances", condition.Message);
        world.Api.Change<V1ConfigMap>("default", "held", c => c.Metadata.Finalizers = null);
        world.Step<V1Namespace>("default");
        Assert.Null(world.Api.Find<V1Namespace>("", "default"));
    }

    private static World Shop()
    {
        var world = new World();
        world.Api.Seed(new V1Namespace
        {
            Metadata = new V1ObjectMeta { Name = "default" },
            Spec = new V1NamespaceSpec { Finalizers = ["kubernetes"] },
        });
        return world;
    }
}
