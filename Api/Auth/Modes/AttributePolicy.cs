using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth.Modes;

/// <summary>What somebody may do: a line of a policy file (upstream's <c>abac.Policy</c>).</summary>
public sealed record AttributePolicy
{
    private const string Any = "*";

    /// <summary>Whose name they must have; empty for anybody of the group.</summary>
    public string User { get; init; } = "";

    /// <summary>The group that they must be in; empty for none.</summary>
    public string Group { get; init; } = "";

    public bool IsReadOnly { get; init; }

    public string ApiGroup { get; init; } = "";

    /// <summary>Empty when it is about paths.</summary>
    public string Resource { get; init; } = "";

    public string Namespace { get; init; } = "";

    /// <summary>One that ends with a star is of all paths that begin so; empty when it is about resources.</summary>
    public string Path { get; init; } = "";

    /// <summary>The same, where a star for name or group is everybody who has signed in.</summary>
    public AttributePolicy OfSignedIn() => User == Any || Group == Any
        ? this with { User = "", Group = SystemNames.Authenticated }
        : this;

    /// <summary>One of nobody matches nobody.</summary>
    public bool IsOf(UserIdentity user) =>
        (User.Length > 0 || Group.Length > 0)
        && (User.Length == 0 || User == user.Name)
        && (Group.Length == 0 || user.Groups.Contains(Group));

    public bool IsIn(string space) => Namespace is Any || Namespace == space;

    public bool Allows(AuthorizationAttributes wanted) =>
        IsOf(wanted.User)
        && (!IsReadOnly || wanted.IsReadOnly)
        && (wanted.IsResourceRequest ? AllowsResource(wanted) : AllowsPath(wanted.Path));

    private bool AllowsResource(AuthorizationAttributes wanted) =>
        IsIn(wanted.Namespace)
        && (Resource is Any || Resource == wanted.Resource)
        && (ApiGroup is Any || ApiGroup == wanted.Group);

    private bool AllowsPath(string path) =>
        Path == path
        || (Path.EndsWith('*') && path.StartsWith(Path.TrimEnd('*'), StringComparison.Ordinal));
}
