namespace OrleansOrchestrator.NodeAgent.Metrics;

/// <summary>The values of a series' labels, in their order: a key that is cheap where there is one, or none.</summary>
/// <param name="Values">Each after the one before and a separator, which no value has.</param>
public readonly record struct MetricKind(string? Values)
{
    private const char Separator = '\0';

    public static MetricKind Of(ReadOnlySpan<string> values) => new(values switch
    {
        [] => null,
        [var only] => only,
        _ => string.Join(Separator, values),
    });

    /// <summary>Names and values.</summary>
    public (string Name, string Value)[] Labels(IReadOnlyList<string> names) =>
        names.Count == 0 ? [] : [.. names.Zip((Values ?? "").Split(Separator))];
}
