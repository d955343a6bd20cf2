using k8s.Models;

namespace OrleansOrchestrator.Grains.Hollow;

/// <summary>Tells simulated nodes from real ones.</summary>
internal static class HollowNodes
{
    /// <summary>Begins the provider's id of every hollow node.</summary>
    public const string ProviderPrefix = "hollow://";

    /// <summary>There is no agent to ask.</summary>
    public static bool IsHollow(V1Node node) =>
        node.Spec?.ProviderID?.StartsWith(ProviderPrefix, StringComparison.Ordinal) == true;
}
