namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>
/// What the kernel is to hold for Services, as named parts with text contents. Two of these can be compared part by part, which is what makes a change
/// of one Service one small transaction.
/// </summary>
public sealed class Ruleset
{
    /// <summary>Rules by chain, of chains that belong to one Service.</summary>
    public Dictionary<string, string> Chains { get; } = new(StringComparer.Ordinal);

    /// <summary>Rules by chain, of chains that all Services of the same shape use; the name tells the rules.</summary>
    public Dictionary<string, string> SharedChains { get; } = new(StringComparer.Ordinal);

    /// <summary>Definitions of maps that all Services of the same shape use.</summary>
    public Dictionary<string, string> SharedMaps { get; } = new(StringComparer.Ordinal);

    /// <summary>Elements by set or map and key; the value is empty for sets.</summary>
    public Dictionary<(string Set, string Key), string> Elements { get; } = [];

    /// <summary>Definitions of sets that come and go with their Service.</summary>
    public Dictionary<string, string> Sets { get; } = new(StringComparer.Ordinal);

    /// <summary>
    /// Not for the kernel's rules but for the flows that it tracks: by key of a UDP port (as in the maps), the addresses that flows may lead to.
    /// </summary>
    public Dictionary<string, string> Flows { get; } = new(StringComparer.Ordinal);
}
