namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>
/// Knows how often the key changed with which this silo writes the values of a resource: what was written before is to
/// be written anew when its writer says so, though nothing of it changes.
/// </summary>
public interface IKeyChanges
{
    /// <summary>Changes since the silo began; values that it read before one do not say that they are old.</summary>
    int KeyChangesOf(ResourceName resource);
}
