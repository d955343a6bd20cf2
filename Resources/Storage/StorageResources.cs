using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Storage.CsiDrivers;
using OrleansOrchestrator.Resources.Storage.CsiNodes;
using OrleansOrchestrator.Resources.Storage.CsiStorageCapacities;
using OrleansOrchestrator.Resources.Storage.StorageClasses;
using OrleansOrchestrator.Resources.Storage.VolumeAttachments;
using OrleansOrchestrator.Resources.Storage.VolumeAttributesClasses;

namespace OrleansOrchestrator.Resources.Storage;

/// <summary>Rows of <c>storage.k8s.io</c>, in discovery order.</summary>
internal static class StorageResources
{
    public static IEnumerable<ResourceKind> Rows =>
    [
        new()
        {
            Name = WellKnown.CsiDrivers, Kind = "CSIDriver", Singular = "csidriver",
            Namespaced = false, Deletion = DeletionTraits.AnswersWithObject,
            Versions = [new("v1", new CsiDriverStrategy())],
        },
        new()
        {
            Name = WellKnown.CsiNodes, Kind = "CSINode", Singular = "csinode",
            Namespaced = false, Deletion = DeletionTraits.AnswersWithObject,
            Versions = [new("v1", new CsiNodeStrategy())],
        },
        new()
        {
            Name = WellKnown.CsiStorageCapacities, Kind = "CSIStorageCapacity", Singular = "csistoragecapacity",
            Versions = [new("v1", new CsiStorageCapacityStrategy())],
        },
        new()
        {
            Name = WellKnown.StorageClasses, Kind = "StorageClass", Singular = "storageclass",
            ShortNames = ["sc"], Namespaced = false, Deletion = DeletionTraits.AnswersWithObject,
            Versions = [new("v1", new StorageClassStrategy())],
        },
        new()
        {
            Name = WellKnown.VolumeAttachments, Kind = "VolumeAttachment", Singular = "volumeattachment",
            Namespaced = false, Deletion = DeletionTraits.AnswersWithObject,
            Versions = [new("v1", new VolumeAttachmentStrategy()) { Subresources = [SubresourceDefinition.Status] }],
        },
        new()
        {
            Name = WellKnown.VolumeAttributesClasses, Kind = "VolumeAttributesClass", Singular = "volumeattributesclass",
            ShortNames = ["vac"], GrainType = "volumeattributesclass", Namespaced = false,
            Deletion = DeletionTraits.AnswersWithObject,
            Versions = [new("v1", new VolumeAttributesClassStrategy())],
        },
    ];
}
