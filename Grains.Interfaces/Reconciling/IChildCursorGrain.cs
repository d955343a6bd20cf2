namespace OrleansOrchestrator.Interfaces.Reconciling;

/// <summary>
/// Keeps, for one owner of generated children, the number below which no child name is given any more; its key is the
/// owner's uid.
/// </summary>
[Alias("orch.child-cursor-grain")]
public interface IChildCursorGrain : IGrainWithStringKey
{
    /// <summary>0 when none was saved.</summary>
    [Alias("Load")]
    Task<int> LoadAsync();

    /// <summary>Durable when it returns. Never goes back.</summary>
    [Alias("Save")]
    Task SaveAsync(int cursor);

    /// <summary>The owner is gone.</summary>
    [Alias("Clear")]
    Task ClearAsync();
}
