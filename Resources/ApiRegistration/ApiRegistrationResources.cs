using OrleansOrchestrator.Resources.ApiRegistration.ApiServices;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiRegistration;

/// <summary>Rows of <c>apiregistration.k8s.io</c>, in discovery order.</summary>
internal static class ApiRegistrationResources
{
    public static IEnumerable<ResourceKind> Rows =>
    [
        new()
        {
            Name = WellKnown.ApiServices, Kind = "APIService", Singular = "apiservice",
            Namespaced = false, GrainType = "apiservice", Categories = ["api-extensions"], TakesAnyFinalizer = true,
            StoragePlace = "apiregistration.k8s.io/apiservices",
            Versions = [new("v1", new ApiServiceStrategy()) { Subresources = [SubresourceDefinition.Status] }],
        },
    ];
}
