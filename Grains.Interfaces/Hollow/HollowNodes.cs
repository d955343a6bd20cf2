namespace OrleansOrchestrator.Interfaces.Hollow;

/// <summary>Tells simulated nodes from real ones.</summary>
public static class HollowNodes
{
    /// <summary>Begins the provider's id of every hollow node.</summary>
    public const string ProviderPrefix = "hollow://";

    /// <summary>There is no agent to ask.</summary>
    /// <param name="providerId">Of a node; null before it has one.</param>
    public static bool IsHollow(string? providerId) =>
        providerId?.StartsWith(ProviderPrefix, StringComparison.Ordinal) == true;
}
