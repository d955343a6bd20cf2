using System.Security.Cryptography;
using System.Text;

namespace OrleansOrchestrator.NodeAgent.Nftables;

/// <summary>What an nft table is made of, besides elements.</summary>
public enum PartKind
{
    Set,
    Map,
    Chain,
}

/// <summary>A part of the table by name.</summary>
public readonly record struct Part(PartKind Kind, string Name)
{
    /// <summary>What a name tells of long contents: so many hexadecimal digits.</summary>
    public static string Hash(string contents, int digits) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(contents)))[..digits];
}

/// <summary>
/// What the kernel is to hold. The name of a part tells its contents, so that parts come and go but never change, and
/// any number of Services, or of pods, can use one. What changes are elements.
/// </summary>
public sealed class Ruleset
{
    /// <summary>Rules of chains, a line each; definitions of sets and maps.</summary>
    public Dictionary<Part, string> Parts { get; } = [];

    /// <summary>Elements by set or map and key; the value is empty for sets.</summary>
    public Dictionary<(string Set, string Key), string> Elements { get; } = [];

    /// <summary>
    /// Not for the kernel's rules but for the flows that it tracks: by key of a UDP port (as in the maps), the
    /// addresses that flows may lead to.
    /// </summary>
    public Dictionary<string, string> Flows { get; } = new(StringComparer.Ordinal);
}
