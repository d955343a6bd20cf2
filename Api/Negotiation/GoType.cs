using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Negotiation;

/// <summary>Names of upstream's internal types, which some of its messages show.</summary>
internal static class GoType
{
    /// <summary>For example <c>*core.Pod</c>, <c>*discovery.EndpointSlice</c>.</summary>
    public static string Of(ResourceDefinition definition, string suffix = "")
    {
        var group = definition.Name.Group;
        var package = group.Length == 0 ? "core" : group.Split('.')[0];
        return $"*{package}.{definition.Kind}{suffix}";
    }
}
