namespace OrleansOrchestrator.Grains.Security;

/// <summary>How long keys sign tokens of service accounts.</summary>
public sealed record TokenKeyOptions
{
    /// <summary>The age at which a key is replaced; null for never.</summary>
    public TimeSpan? Rotation { get; init; } = TimeSpan.FromDays(90);

    /// <summary>
    /// For how long a key is published before it signs: others may keep what is published for an hour, and silos, which
    /// look each minute, may have been cut off for as long.
    /// </summary>
    public TimeSpan Publication { get; init; } = TimeSpan.FromHours(2);
}
