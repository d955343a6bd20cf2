namespace OrleansOrchestrator.Interfaces.Audit;

/// <summary>
/// Keeps recent audit events where they can be asked about. Bodies of requests are not among what it gets.
/// </summary>
public interface IAuditStore
{
    /// <summary>Keeps events of <c>audit.k8s.io/v1</c>, each as JSON, all or none of them.</summary>
    Task AddAsync(IReadOnlyList<ReadOnlyMemory<byte>> events, CancellationToken cancellationToken);

    /// <summary>Lets go of what is too old or too much. Of several silos one does it at a time.</summary>
    Task MaintainAsync(CancellationToken cancellationToken);
}
