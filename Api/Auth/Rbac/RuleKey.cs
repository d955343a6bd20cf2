using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Auth.Rbac;

/// <summary>
/// A resource or subresource of a group, as rules name it. Hashed once, because a decision looks it up in each role.
/// </summary>
internal readonly struct RuleKey : IEquatable<RuleKey>
{
    private readonly string _group;
    private readonly string _resource;
    private readonly int _hash;

    public RuleKey(string group, string resource)
    {
        (_group, _resource) = (group, resource);
        _hash = HashCode.Combine(group, resource);
    }

    public static RuleKey Of(AuthorizationAttributes wanted) => new(
        wanted.Group,
        wanted.Subresource.Length == 0 ? wanted.Resource : $"{wanted.Resource}/{wanted.Subresource}");

    public bool Equals(RuleKey other) =>
        _hash == other._hash && _resource == other._resource && _group == other._group;

    public override bool Equals(object? obj) => obj is RuleKey other && Equals(other);

    public override int GetHashCode() => _hash;
}
