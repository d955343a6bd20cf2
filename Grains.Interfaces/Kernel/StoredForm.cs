namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>
/// How the store holds an object that it would not hold so today: encrypted with a key that no longer writes, or not
/// encrypted although it should be; of a custom kind, in another version or without later defaults; or in a way that
/// nobody here can read.
/// </summary>
[GenerateSerializer, Immutable, Alias("orch.stored-form")]
public sealed record StoredForm
{
    /// <summary>The object's key in the store, which encryption authenticates.</summary>
    [Id(0)]
    public required string Key { get; init; }

    /// <summary>
    /// Why the object cannot be read; null when it can, and is only to be written anew. The bytes of an unreadable
    /// object stand for it with its name, uid and revision.
    /// </summary>
    [Id(1)]
    public string? Problem { get; init; }

    /// <summary>What a list or a watch says that comes across the object.</summary>
    public Status ListRefusal => StatusErrors.InternalError($"unable to transform key \"{Key}\": {Problem}");
}
