using OrleansOrchestrator.Resources.DynamicResources.Claims;
using OrleansOrchestrator.Resources.DynamicResources.DeviceClasses;
using OrleansOrchestrator.Resources.DynamicResources.Slices;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.DynamicResources;

/// <summary>Rows of <c>resource.k8s.io</c>, in discovery order.</summary>
internal static class DynamicResourcesResources
{
    public static IEnumerable<ResourceKind> Rows =>
    [
        new()
        {
            Name = WellKnown.DeviceClasses, Kind = "DeviceClass", Singular = "deviceclass",
            Namespaced = false, Deletion = DeletionTraits.AnswersWithObject,
            Versions = [new("v1", new DeviceClassStrategy())],
        },
        new()
        {
            Name = WellKnown.ResourceClaims, Kind = "ResourceClaim", Singular = "resourceclaim",
            GrainType = "resourceclaim", Deletion = DeletionTraits.AnswersWithObject,
            Versions = [new("v1", new ResourceClaimStrategy()) { Subresources = [SubresourceDefinition.Status] }],
        },
        new()
        {
            Name = WellKnown.ResourceClaimTemplates, Kind = "ResourceClaimTemplate",
            Singular = "resourceclaimtemplate",
            Deletion = DeletionTraits.AnswersWithObject,
            Versions = [new("v1", new ResourceClaimTemplateStrategy())],
        },
        new()
        {
            Name = WellKnown.ResourceSlices, Kind = "ResourceSlice", Singular = "resourceslice",
            Namespaced = false, Deletion = DeletionTraits.AnswersWithObject,
            Versions = [new("v1", new ResourceSliceStrategy())],
        },
    ];
}
