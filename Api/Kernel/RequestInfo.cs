using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// What a request asks for, read from its method and path alone by the rules of upstream's RequestInfoFactory. Set in
/// <c>HttpContext.Features</c>; authorization, routing and metrics all see this one reading.
/// </summary>
public sealed record RequestInfo
{
    /// <summary>
    /// False for discovery, health and everything else outside of <c>/api/VERSION</c> and <c>/apis/GROUP/VERSION</c>.
    /// </summary>
    public bool IsResourceRequest { get; init; }

    /// <summary>The request's path as it was sent.</summary>
    public required string Path { get; init; }

    /// <summary>
    /// API verb (get, list, watch, create, update, patch, delete, deletecollection, proxy); the lower-case method for
    /// other requests.
    /// </summary>
    public required string Verb { get; init; }

    /// <summary>The path itself says that it is watched, as those of old do.</summary>
    public bool IsWatchPath { get; init; }

    /// <summary><c>api</c> or <c>apis</c>.</summary>
    public string ApiPrefix { get; init; } = "";

    public string Group { get; init; } = "";

    public string Version { get; init; } = "";

    /// <summary>Plural name of the resource.</summary>
    public string Resource { get; init; } = "";

    public string Subresource { get; init; } = "";

    public string Namespace { get; init; } = "";

    public string Name { get; init; } = "";

    /// <summary>The selectors of a list, watch or deletecollection, as they were sent.</summary>
    public string FieldSelector { get; init; } = "";

    public string LabelSelector { get; init; } = "";

    /// <summary>Path segments from the resource on: <c>pods, web, proxy, a, b</c>.</summary>
    public IReadOnlyList<string> Parts { get; init; } = [];

    public ResourceName ResourceName => new(Group, Resource);

    public ObjectKey Key => new(Namespace, Name);

    /// <summary>True for verbs that change nothing.</summary>
    public bool IsReadOnly => Verb is "get" or "list" or "watch";

    /// <summary>The same as a question to the authorizers.</summary>
    public AuthorizationAttributes By(UserIdentity user) => new()
    {
        User = user, Verb = Verb, IsResourceRequest = IsResourceRequest, Path = Path, Group = Group, Version = Version,
        Resource = Resource, Subresource = Subresource, Namespace = Namespace, Name = Name,
        FieldSelector = FieldSelector, LabelSelector = LabelSelector,
    };

    /// <summary>The reading of this request; the router has set it.</summary>
    public static RequestInfo Of(HttpContext context) =>
        context.Features.Get<RequestInfo>() ?? throw new InvalidOperationException(
            "The router has not read the request yet.");
}
