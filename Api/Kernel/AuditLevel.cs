namespace OrleansOrchestrator.Api.Kernel;

/// <summary>How much of a request the audit log has.</summary>
public enum AuditLevel
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Who did what to which object, and with what outcome.</summary>
    Metadata,

    /// <summary>What was sent, too.</summary>
    Request,

    /// <summary>And what was answered.</summary>
    RequestResponse,
}
