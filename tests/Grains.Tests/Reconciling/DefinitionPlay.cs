using k8s.Models;
using OrleansOrchestrator.Grains.ApiExtensions.Definitions;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.ApiExtensions.Definitions;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>
/// Two definitions want the same names; the one that has them is deleted with its objects, and the other gets them. The
/// kind of the objects is one that the fake knows.
/// </summary>
internal sealed class DefinitionPlay : CrashPlay
{
    private const string First = "cronjobs.batch";
    private const string Second = "others.batch";

    private readonly ResourceCatalog _catalog = new(new ResourceTable([]));

    protected override int Acts => 3;

    protected override void SetUp()
    {
        _catalog.Set("test", [BuiltInResources.Table.Find(new ResourceName("batch", "cronjobs"))!.Of]);
        Define(First, "cronjobs", "CronJob");
        foreach (var name in new[] { "a", "b", "c" })
        {
            World.Api.Seed(
                new V1CronJob { Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" } });
        }
    }

    protected override void Change(int act)
    {
        if (act == 1)
        {
            Define(Second, "others", "CronJob");
        }
        else if (act == 2)
        {
            World.Api.Delete<V1CustomResourceDefinition>("", First);
        }
    }

    protected override void Step()
    {
        foreach (var key in World.Api.All<V1CustomResourceDefinition>().Select(static d => d.Key()).ToList())
        {
            new DefinitionReconciler(key, World.Api, _catalog, World.Time)
                .ReconcileAsync(default).GetAwaiter().GetResult();
        }
    }

    protected override void LoseMemory()
    {
    }

    /// <summary>No objects without their definition, and no name for two.</summary>
    protected override void Check()
    {
        var all = World.Api.All<V1CustomResourceDefinition>();
        Assert.True(
            all.Any(static d => d.Metadata.Name == First) || World.Api.All<V1CronJob>().Count == 0, "objects go first");
        var kinds = all.Select(static d => d.Status?.AcceptedNames?.Kind).OfType<string>()
            .Where(static k => k.Length > 0);
        Assert.True(kinds.CountBy(static k => k).All(static k => k.Value == 1), "a kind is one definition's");
    }

    private void Define(string name, string plural, string kind) => World.Api.Seed(new V1CustomResourceDefinition
    {
        Metadata = new V1ObjectMeta { Name = name, Finalizers = [DefinitionStrategy.Finalizer] },
        Spec = new V1CustomResourceDefinitionSpec
        {
            Group = "batch",
            Scope = "Namespaced",
            Names = new V1CustomResourceDefinitionNames { Kind = kind, Plural = plural, ListKind = $"{kind}List" },
            Versions = [new V1CustomResourceDefinitionVersion { Name = "v1", Served = true, Storage = true }],
        },
    });
}
