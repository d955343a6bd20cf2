using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>What the policy wants of a request.</summary>
public readonly record struct AuditDecision(AuditLevel Level, AuditStages Omitted, bool OmitsManagedFields);

/// <summary>
/// The rules of an audit policy: the first that fits a request decides, and where none fits nothing is logged.
/// </summary>
public sealed class AuditPolicy(IReadOnlyList<AuditRule> rules)
{
    private readonly AuditRule[] _rules = [.. rules];

    /// <summary>What its file says and nobody understands, in upstream's words; null for nothing.</summary>
    public string? PassedOver { get; init; }

    /// <summary>The decision for a request.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="user">Who asks; null when nobody knows.</param>
    public AuditDecision Decide(RequestInfo request, UserIdentity? user)
    {
        foreach (var rule in _rules)
        {
            if (rule.Fits(request, user))
            {
                return rule.Decision;
            }
        }

        return default;
    }
}
