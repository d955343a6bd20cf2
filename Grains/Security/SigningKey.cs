namespace OrleansOrchestrator.Grains.Security;

/// <summary>A key that signs tokens of service accounts, the private side included.</summary>
public sealed record SigningKey
{
    /// <summary>Of tokens that never end.</summary>
    public static readonly DateTimeOffset Endless = DateTimeOffset.MaxValue;

    /// <summary>Of a key that has signed nothing.</summary>
    public static readonly DateTimeOffset Nothing = DateTimeOffset.MinValue;

    public required string Id { get; init; }

    /// <summary>PKCS#8, PEM.</summary>
    public required string Pem { get; init; }

    /// <summary>From when on it is its turn; it is published before.</summary>
    public required DateTimeOffset SignsFrom { get; init; }

    /// <summary>No token that it signed lives longer.</summary>
    public required DateTimeOffset LastExpiry { get; init; }
}
