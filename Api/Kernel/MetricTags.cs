namespace OrleansOrchestrator.Api.Kernel;

/// <summary>Labels of what is counted.</summary>
internal static class MetricTags
{
    public static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
