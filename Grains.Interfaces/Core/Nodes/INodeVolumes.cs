using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Interfaces.Core.Nodes;

/// <summary>
/// Directories for volumes on nodes, asked of the nodes' agents. Both calls may be repeated. NotFound means that there
/// is no such Node; any other error, that the node did not do it, or that nobody knows.
/// </summary>
public interface INodeVolumes
{
    /// <summary>Makes the directory unless it is there; returns its path.</summary>
    ValueTask<Outcome<string>> MakeAsync(string node, string volume, CancellationToken cancellationToken);

    /// <summary>Removes the directory with all that is in it; returns its path.</summary>
    ValueTask<Outcome<string>> RemoveAsync(string node, string volume, CancellationToken cancellationToken);
}
