using System.Text.Json;

namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>
/// How deep JSON that we wrote ourselves may be: twice what an object may have, because its owners of fields are nested
/// as deep as it is, and lists, answers and documents put it into others.
/// </summary>
public static class CommittedJson
{
    public const int MaxDepth = 1000;

    /// <summary>For readers of it.</summary>
    public static JsonReaderOptions ReaderOptions { get; } = new() { MaxDepth = MaxDepth };
}
