using k8s.Models;
using OrleansOrchestrator.Grains.ApiExtensions.Definitions;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.ApiExtensions.Definitions;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.ApiExtensions.Definitions;

public sealed class DefinitionReconcilerTests
{
    /// <summary>One by the name of a built-in resource is accepted like any other; its end is not theirs.</summary>
    [Fact]
    public async Task ADefinitionTakesNothingBuiltInWithIt()
    {
        var world = new World();
        world.Api.Seed(new V1CronJob { Metadata = new V1ObjectMeta { Name = "a", NamespaceProperty = "default" } });
        world.Api.Seed(new V1CustomResourceDefinition
        {
            Metadata = new V1ObjectMeta { Name = "cronjobs.batch", Finalizers = [DefinitionStrategy.Finalizer] },
            Spec = new V1CustomResourceDefinitionSpec
            {
                Group = "batch", Scope = "Namespaced",
                Names = new V1CustomResourceDefinitionNames
                {
                    Kind = "CronJob", Plural = "cronjobs", ListKind = "CronJobList",
                },
                Versions = [new V1CustomResourceDefinitionVersion { Name = "v1", Served = true, Storage = true }],
            },
        });
        var definition = Assert.Single(world.Api.All<V1CustomResourceDefinition>());
        var reconciler = new DefinitionReconciler(definition.Key(), world.Api, world.Services.Catalog, world.Time);
        await reconciler.ReconcileAsync(CancellationToken.None);
        Assert.True(DefinitionConditions.IsTrue(
            Assert.Single(world.Api.All<V1CustomResourceDefinition>()), DefinitionConditions.Established));

        world.Api.Delete<V1CustomResourceDefinition>("", "cronjobs.batch");
        Assert.Null((await reconciler.ReconcileAsync(CancellationToken.None)).After);
        Assert.Empty(world.Api.All<V1CustomResourceDefinition>());
        Assert.Single(world.Api.All<V1CronJob>());
    }

    /// <summary>Each has looked before the other was written.</summary>
    [Fact]
    public async Task OfTwoThatTakeANameAtOnceOneIsServed()
    {
        var world = new World();
        foreach (var plural in new[] { "boats", "ships" })
        {
            world.Api.Seed(Taken(plural));
        }

        foreach (var name in new[] { "ships.example.com", "boats.example.com" })
        {
            var reconciler = new DefinitionReconciler(
                new ObjectKey("", name), world.Api, world.Services.Catalog, world.Time);
            await reconciler.ReconcileAsync(CancellationToken.None);
        }

        var served = world.Api.All<V1CustomResourceDefinition>()
            .Where(static d => DefinitionConditions.IsTrue(d, DefinitionConditions.Established));
        Assert.Equal("boats.example.com", Assert.Single(served).Metadata.Name);
    }

    /// <summary>It has its names, and is not served yet.</summary>
    private static V1CustomResourceDefinition Taken(string plural)
    {
        var item = new V1CustomResourceDefinition
        {
            Metadata = new V1ObjectMeta { Name = $"{plural}.example.com" },
            Spec = new V1CustomResourceDefinitionSpec
            {
                Group = "example.com", Scope = "Namespaced",
                Names = new V1CustomResourceDefinitionNames { Kind = "Boat", Plural = plural, ListKind = "BoatList" },
                Versions = [new V1CustomResourceDefinitionVersion { Name = "v1", Served = true, Storage = true }],
            },
        };
        DefinitionPlanner.Accept(item, [], DateTime.UnixEpoch);
        return item;
    }
}
