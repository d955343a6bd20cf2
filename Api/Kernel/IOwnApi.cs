using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// A group version that this server answers itself as long as nobody registers another server for its group: for
/// controllers, who ask it as they would ask that one.
/// </summary>
public interface IOwnApi
{
    string Group { get; }

    string Version { get; }

    /// <summary>Whether it is served, now.</summary>
    bool IsServed { get; }

    /// <summary>The body of the answer to a GET.</summary>
    /// <param name="pathAndQuery">What follows the version, escaped.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<Outcome<ReadOnlyMemory<byte>>> GetAsync(string pathAndQuery, CancellationToken cancellationToken);
}
