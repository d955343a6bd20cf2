using k8s.Models;

namespace OrleansOrchestrator.Api.Auth.Rbac;

/// <summary>A role that somebody has by a binding.</summary>
/// <param name="role">The role.</param>
/// <param name="source">The binding, the role and the subject, as reasons name them.</param>
public sealed class BoundRole(V1RoleRef role, string source)
{
    private volatile Kept? _kept;

    public V1RoleRef Role => role;

    public string Source => source;

    /// <summary>True of a role of the binding's own namespace.</summary>
    public bool IsLocal { get; } = role.Kind == "Role";

    /// <summary>What the role allowed as of a revision of all roles; null when that was not looked up.</summary>
    internal GrantedRules? RulesAt(long revision) => _kept is { } kept && kept.Revision == revision ? kept.Rules : null;

    /// <summary>Keeps what the role allows as of a revision. Two requests may do so at once; either will do.</summary>
    internal GrantedRules Keep(long revision, GrantedRules rules)
    {
        _kept = new Kept(revision, rules);
        return rules;
    }

    private sealed record Kept(long Revision, GrantedRules Rules);
}
