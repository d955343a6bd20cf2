namespace OrleansOrchestrator.Formats;

/// <summary>Truth values as Go reads them.</summary>
public static class GoBooleans
{
    /// <summary>Go's <c>strconv.ParseBool</c>; null for what is neither.</summary>
    public static bool? Parse(string text) => text switch
    {
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        _ => null,
    };
}
