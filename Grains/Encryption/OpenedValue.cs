namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>What came of reading a stored value.</summary>
/// <param name="Value">The value; meaningless when there is a problem.</param>
/// <param name="IsStale">True when the value would be stored otherwise today.</param>
/// <param name="Problem">Why it cannot be read, in upstream's words.</param>
internal readonly record struct OpenedValue(ReadOnlyMemory<byte> Value, bool IsStale, string? Problem = null)
{
    /// <summary>Upstream's word for what no provider knows.</summary>
    public const string Unknown = "unknown";

    /// <summary>What metrics call who has read it, or has failed to.</summary>
    public string Label { get; init; } = Unknown;

    public static OpenedValue Failed(string problem) => new(default, false, problem);
}
