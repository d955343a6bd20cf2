namespace OrleansOrchestrator.Grains.Core.Bootstrap;

/// <summary>What becomes of an object that every cluster has, and that is there already.</summary>
internal enum UpkeepAction
{
    /// <summary>It stays as it is.</summary>
    None,

    /// <summary>It is replaced by the copy that was mended.</summary>
    Update,

    /// <summary>What differs cannot be changed: it is deleted and made anew.</summary>
    Recreate,
}
