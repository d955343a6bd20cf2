namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// The group of central logs, which are no objects: <c>lines</c> are searched and followed, <c>nodes/NAME/streams</c>
/// and <c>nodes/NAME/segments</c> are where nodes send them.
/// </summary>
public static class LogResources
{
    public const string Group = "logs.orc.dev";
    public const string Version = "v1";
    public const string Lines = "lines";
    public const string Nodes = "nodes";
    public const string Streams = "streams";
    public const string Segments = "segments";
}
