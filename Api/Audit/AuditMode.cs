namespace OrleansOrchestrator.Api.Audit;

/// <summary>Whether requests wait for their events.</summary>
public enum AuditMode
{
    /// <summary>No: a bounded buffer lies between, and what finds no room in it is lost.</summary>
    Batch,

    /// <summary>Each waits until its event is kept, or lost.</summary>
    Blocking,

    /// <summary>The same, and a request is refused of which no event can be kept before it begins.</summary>
    BlockingStrict,
}
