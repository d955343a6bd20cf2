using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>Resources of a group, all of them or some of their objects.</summary>
/// <param name="Group">Empty for the core group, <c>*</c> for all.</param>
/// <param name="Resources"><c>pods</c>, <c>pods/log</c>, <c>pods/*</c>, <c>*/scale</c>, <c>*</c>; none for all.</param>
/// <param name="Names">Names of objects; none for all.</param>
public sealed record AuditedResources(string Group, IReadOnlyList<string> Resources, IReadOnlyList<string> Names)
{
    /// <summary>What stands for all groups.</summary>
    public const string AllGroups = "*";

    /// <summary>Whether they are of a group.</summary>
    public bool AreOf(string group) => Group is AllGroups || Group == group;
}

/// <summary>
/// One rule of an audit policy (upstream's <c>audit/policy/checker.go</c>); what it leaves open fits all.
/// </summary>
public sealed record AuditRule
{
    private const string All = "*";

    public required AuditDecision Decision { get; init; }

    public IReadOnlyList<string> Users { get; init; } = [];

    public IReadOnlyList<string> UserGroups { get; init; } = [];

    public IReadOnlyList<string> Verbs { get; init; } = [];

    public IReadOnlyList<AuditedResources> Resources { get; init; } = [];

    /// <summary>The empty one is that of objects without a namespace.</summary>
    public IReadOnlyList<string> Namespaces { get; init; } = [];

    /// <summary>Paths; a star at the end stands for anything.</summary>
    public IReadOnlyList<string> NonResourceUrls { get; init; } = [];

    /// <summary>True when the rule is for this request.</summary>
    public bool Fits(RequestInfo request, UserIdentity? user) =>
        (Users.Count == 0 || (user is not null && Users.Contains(user.Name)))
        && (UserGroups.Count == 0 || (user is not null && user.Groups.Any(UserGroups.Contains)))
        && (Verbs.Count == 0 || Verbs.Contains(request.Verb))
        && (Namespaces.Count > 0 || Resources.Count > 0 ? FitsResource(request)
            : NonResourceUrls.Count == 0 || (!request.IsResourceRequest && FitsPath(request.Path)));

    private bool FitsResource(RequestInfo request)
    {
        if (!request.IsResourceRequest || (Namespaces.Count > 0 && !Namespaces.Contains(request.Namespace)))
        {
            return false;
        }

        foreach (var of in Resources)
        {
            if (of.AreOf(request.Group) && Fits(of, request))
            {
                return true;
            }
        }

        return Resources.Count == 0;
    }

    private static bool Fits(AuditedResources of, RequestInfo request)
    {
        foreach (var resource in of.Resources)
        {
            if (Fits(resource, request) && (of.Names.Count == 0 || of.Names.Contains(request.Name)))
            {
                return true;
            }
        }

        return of.Resources.Count == 0;
    }

    private static bool Fits(string resource, RequestInfo request)
    {
        var slash = resource.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
        {
            return resource == All || (resource == request.Resource && request.Subresource.Length == 0);
        }

        var parent = resource.AsSpan(0, slash);
        var subresource = resource.AsSpan(slash + 1);
        return subresource is All ? parent.SequenceEqual(request.Resource)
            : request.Subresource.Length > 0 && subresource.SequenceEqual(request.Subresource)
                && (parent is All || parent.SequenceEqual(request.Resource));
    }

    private bool FitsPath(string path)
    {
        foreach (var url in NonResourceUrls)
        {
            if (url == All || url == path
                || (url.EndsWith('*') && path.StartsWith(url.TrimEnd('*'), StringComparison.Ordinal)))
            {
                return true;
            }
        }

        return false;
    }
}
