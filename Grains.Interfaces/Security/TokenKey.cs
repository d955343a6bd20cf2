namespace OrleansOrchestrator.Interfaces.Security;

/// <summary>The public side of a key that signs tokens of service accounts.</summary>
[GenerateSerializer, Immutable, Alias("orch.token-key")]
public sealed record TokenKey
{
    /// <summary>Its <c>kid</c>.</summary>
    [Id(0)]
    public required string Id { get; init; }

    /// <summary>SubjectPublicKeyInfo, PEM (P-256).</summary>
    [Id(1)]
    public required string PublicKeyPem { get; init; }

    /// <summary>When the last token that it signed has ended; earlier than all times when it has signed none.</summary>
    [Id(2)]
    public required DateTimeOffset LastExpiry { get; init; }
}
