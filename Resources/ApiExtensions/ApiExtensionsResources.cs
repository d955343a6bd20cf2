using OrleansOrchestrator.Resources.ApiExtensions.Definitions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions;

/// <summary>Rows of <c>apiextensions.k8s.io</c>, in discovery order.</summary>
internal static class ApiExtensionsResources
{
    public static IEnumerable<ResourceKind> Rows =>
    [
        new()
        {
            Name = WellKnown.CustomResourceDefinitions, Kind = "CustomResourceDefinition",
            Singular = "customresourcedefinition", ShortNames = ["crd", "crds"], Namespaced = false,
            Categories = ["api-extensions"], GrainType = "customresourcedefinition",
            TakesAnyFinalizer = true, UpstreamStorage = "v1beta1",
            StoragePlace = "apiextensions.k8s.io/customresourcedefinitions",
            Versions = [new("v1", new DefinitionStrategy()) { Subresources = [SubresourceDefinition.Status] }],
        },
    ];
}
