using k8s.Models;
using OrleansOrchestrator.Grains.Storage.VolumeAttributesClasses;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>Classes are deleted while a volume has one and a claim wants the other; then the volume goes.</summary>
internal sealed class AttributesClassPlay : CrashPlay
{
    private const string Finalizer = "kubernetes.io/vac-protection";

    protected override int Acts => 3;

    protected override void SetUp()
    {
        foreach (var name in new[] { "gold", "silver", "unused" })
        {
            World.Api.Seed(new V1VolumeAttributesClass
            {
                Metadata = new V1ObjectMeta { Name = name }, DriverName = "example.com",
            });
        }

        World.Api.Seed(new V1PersistentVolume
        {
            Metadata = new V1ObjectMeta { Name = "v" },
            Spec = new V1PersistentVolumeSpec { VolumeAttributesClassName = "gold" },
        });
        World.Api.Seed(new V1PersistentVolumeClaim
        {
            Metadata = new V1ObjectMeta { Name = "c", NamespaceProperty = "default" },
            Spec = new V1PersistentVolumeClaimSpec { VolumeAttributesClassName = "silver" },
        });
    }

    protected override void Change(int act)
    {
        if (act == 1)
        {
            foreach (var item in World.Api.All<V1VolumeAttributesClass>())
            {
                World.Api.Delete<V1VolumeAttributesClass>("", item.Metadata.Name);
            }
        }
        else if (act == 2)
        {
            World.Api.Delete<V1PersistentVolume>("", "v");
        }
    }

    protected override void Step()
    {
        foreach (var key in World.Api.All<V1VolumeAttributesClass>().Select(static c => c.Key()).ToList())
        {
            new AttributesClassReconciler(key, World.Services).ReconcileAsync(default).GetAwaiter().GetResult();
        }
    }

    protected override void LoseMemory()
    {
    }

    /// <summary>What is wanted is there, protected as soon as it was seen once.</summary>
    protected override void Check()
    {
        Assert.NotNull(World.Api.Find<V1VolumeAttributesClass>("", "silver"));
        Assert.All(
            World.Api.All<V1VolumeAttributesClass>().Where(static c => c.Metadata.DeletionTimestamp is not null),
            static c => Assert.Contains(Finalizer, c.Metadata.Finalizers));
    }
}
