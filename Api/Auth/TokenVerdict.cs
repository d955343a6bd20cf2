using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>What a token is worth.</summary>
/// <param name="User">Who bears it; null when it is worth nothing.</param>
/// <param name="Audiences">Those of the asked ones that it is for.</param>
/// <param name="Complaint">Why it is worth nothing, in upstream's words, as far as that is told.</param>
public sealed record TokenVerdict(UserIdentity? User, IReadOnlyList<string> Audiences, string Complaint = "")
{
    /// <summary>What the audit log is to know of the token; null for nothing.</summary>
    public AuditNote? Note { get; init; }

    public static TokenVerdict Refuse(string complaint) => new(null, [], complaint);
}
