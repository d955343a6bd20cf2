using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>What a token is worth.</summary>
/// <param name="User">Who bears it; null when it is worth nothing.</param>
/// <param name="Audiences">Those of the asked ones that it is for.</param>
/// <param name="Complaint">Why it is worth nothing, in upstream's words, as far as that is told.</param>
public sealed record TokenVerdict(UserIdentity? User, IReadOnlyList<string> Audiences, string Complaint = "")
{
    /// <summary>What the audit log is to know of the token.</summary>
    public IReadOnlyList<AuditNote> Notes { get; init; } = [];

    /// <summary>What its bearer is told in a Warning header of each answer; null for nothing.</summary>
    public string? Warning { get; init; }

    /// <summary>It is one that is to be renewed before its end, and not yet due.</summary>
    public bool IsTimely { get; init; }

    public static TokenVerdict Refuse(string complaint) => new(null, [], complaint);

    /// <summary>A token is for others than those that it is asked for.</summary>
    public static TokenVerdict RefuseAudiences(IEnumerable<string> given, IEnumerable<string> wanted) => Refuse(
        $"token audiences {GoText.Quoted(given)} is invalid for the target audiences {GoText.Quoted(wanted)}");
}
