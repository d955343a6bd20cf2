namespace OrleansOrchestrator.Formats;

/// <summary>Several errors in one text, as upstream's aggregate prints them.</summary>
public static class GoErrors
{
    /// <summary>Each text once, in brackets when there are several; null for none.</summary>
    public static string? Join(IEnumerable<string> errors) => errors.Distinct(StringComparer.Ordinal).ToList() switch
    {
        [] => null,
        [var only] => only,
        var several => $"[{string.Join(", ", several)}]",
    };
}
