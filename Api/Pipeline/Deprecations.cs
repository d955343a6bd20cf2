using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Pipeline;

/// <summary>Resources whose every use is answered with a Warning.</summary>
public static class Deprecations
{
    /// <summary>The warning; null for most resources.</summary>
    public static string? WarningFor(ResourceName resource) => resource == WellKnown.Endpoints
        ? "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
        : null;
}
