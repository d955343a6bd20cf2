namespace OrleansOrchestrator.Api.Kernel;

/// <summary>When events are made of a request; a set of them.</summary>
[Flags]
public enum AuditStages
{
    None = 0,

    /// <summary>Before anything is done.</summary>
    RequestReceived = 1,

    /// <summary>The head of an answer that goes on for long has been sent.</summary>
    ResponseStarted = 2,

    /// <summary>All of the answer has been sent.</summary>
    ResponseComplete = 4,

    /// <summary>Answering failed half-way.</summary>
    Panic = 8,
}
