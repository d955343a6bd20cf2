namespace OrleansOrchestrator.Interfaces.Security;

/// <summary>A token to be signed.</summary>
[GenerateSerializer, Immutable, Alias("orch.token-signing")]
public sealed record TokenSigning
{
    /// <summary>What it says: a JSON object.</summary>
    [Id(0)]
    public required byte[] Claims { get; init; }

    /// <summary>When it ends, so that its key is known until then; null for never.</summary>
    [Id(1)]
    public DateTimeOffset? Expires { get; init; }
}
