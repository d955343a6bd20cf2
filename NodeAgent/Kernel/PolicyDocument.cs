using System.Text.Json.Serialization;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>
/// What upstream's files of what a policy gives out have in common. The checksum is of what Go's debugging printer
/// makes of the state, the name of its type included. Kubelets of 1.36 have another name for it, and read the former.
/// </summary>
public abstract record PolicyDocument
{
    [JsonPropertyName("policyName")]
    [JsonPropertyOrder(-1)]
    public string PolicyName { get; init; } = "";

    [JsonPropertyName("checksum")]
    [JsonPropertyOrder(1)]
    public uint Checksum { get; init; }

    /// <summary>Refuses what is not what was written, or was written under another policy.</summary>
    /// <param name="policy">The node's.</param>
    /// <param name="source">Whose words they are; upstream's memory manager names itself.</param>
    /// <param name="dumps">What the checksum may be of.</param>
    /// <exception cref="InvalidDataException">It is neither.</exception>
    public void Require(string policy, string source, params IEnumerable<string> dumps)
    {
        if (!dumps.Select(GoChecksum.Of).Contains(Checksum))
        {
            throw new InvalidDataException("checkpoint is corrupted");
        }

        if (PolicyName != policy)
        {
            throw new InvalidDataException(
                $"{source}configured policy {GoQuotes.Quote(policy)} differs from state checkpoint policy " +
                GoQuotes.Quote(PolicyName));
        }
    }
}
