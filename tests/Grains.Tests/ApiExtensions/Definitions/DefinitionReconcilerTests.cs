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
    [Theory]
    [InlineData("v1")]
    [InlineData("v9")]
    public async Task ADefinitionTakesNothingBuiltInWithIt(string version)
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
                Versions = [new V1CustomResourceDefinitionVersion { Name = version, Served = true, Storage = true }],
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

    /// <summary>The one that was written first is edited after it has looked, and before it is served.</summary>
    [Fact]
    public async Task OfTwoThatTakeANameAtOnceOneIsServedThoughTheFirstIsEdited()
    {
        var world = new World();
        foreach (var plural in new[] { "boats", "ships" })
        {
            world.Api.Seed(Taken(plural));
        }

        var ships = new DefinitionReconciler(
            new ObjectKey("", "ships.example.com"), world.Api, world.Services.Catalog, world.Time);
        var edited = new InterruptedClient(world.Api, async () =>
        {
            world.Api.Change<V1CustomResourceDefinition>(
                "", "boats.example.com",
                static d => d.Metadata.Labels = new Dictionary<string, string> { ["a"] = "b" });
            await ships.ReconcileAsync(CancellationToken.None);
        });
        var boats = new DefinitionReconciler(
            new ObjectKey("", "boats.example.com"), edited, world.Services.Catalog, world.Time);
        Assert.NotNull((await boats.ReconcileAsync(CancellationToken.None)).After);
        Assert.Equal(["ships.example.com"], Served(world));

        await boats.ReconcileAsync(CancellationToken.None);
        Assert.Equal(["ships.example.com"], Served(world));
    }

    private static IEnumerable<string> Served(World world) => world.Api.All<V1CustomResourceDefinition>()
        .Where(static d => DefinitionConditions.IsTrue(d, DefinitionConditions.Established))
        .Select(static d => d.Metadata.Name);

    /// <summary>Before its first update, something happens.</summary>
    private sealed class InterruptedClient(IResourceClient inner, Func<Task> interruption) : IResourceClient
    {
        private bool _isInterrupted;

        public IResourceClient As(UserIdentity user) => inner.As(user);

        public ValueTask<Outcome<ResourceObject>> GetAsync(
            ResourceName resource, ObjectKey key, ReadFreshness freshness, CancellationToken cancellationToken) =>
            inner.GetAsync(resource, key, freshness, cancellationToken);

        public ValueTask<ResourceList> ListAsync(ListQuery query, CancellationToken cancellationToken) =>
            inner.ListAsync(query, cancellationToken);

        public IAsyncEnumerable<ResourceChange> FollowAsync(
            ResourceName resource, CancellationToken cancellationToken) =>
            inner.FollowAsync(resource, cancellationToken);

        public ValueTask<Outcome<ResourceObject>> CreateAsync(
            CreateRequest request, CancellationToken cancellationToken) =>
            inner.CreateAsync(request, cancellationToken);

        public async ValueTask<Outcome<ResourceObject>> UpdateAsync(
            UpdateRequest request, CancellationToken cancellationToken)
        {
            if (!_isInterrupted)
            {
                _isInterrupted = true;
                await interruption();
            }

            return await inner.UpdateAsync(request, cancellationToken);
        }

        public ValueTask<Outcome<ResourceObject>> PatchAsync(
            PatchRequest request, CancellationToken cancellationToken) =>
            inner.PatchAsync(request, cancellationToken);

        public ValueTask<Outcome<ResourceObject>> DeleteAsync(
            DeleteRequest request, CancellationToken cancellationToken) =>
            inner.DeleteAsync(request, cancellationToken);
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
