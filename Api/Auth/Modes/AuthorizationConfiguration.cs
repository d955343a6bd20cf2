namespace OrleansOrchestrator.Api.Auth.Modes;

/// <summary>Who decides what is allowed, in which order (upstream's <c>AuthorizationConfiguration</c>).</summary>
public sealed record AuthorizationConfiguration
{
    /// <summary>As clusters have it that say nothing.</summary>
    public static AuthorizationConfiguration Default { get; } = OfModes([AuthorizerTypes.Node, AuthorizerTypes.Rbac]);

    public IReadOnlyList<AuthorizerSettings> Authorizers { get; init; } = [];

    /// <summary>What the authorizer of type ABAC allows, as it was at start.</summary>
    public IReadOnlyList<AttributePolicy> Policies { get; init; } = [];

    public bool Has(string type) => Authorizers.Any(a => a.Type == type);

    /// <summary>Authorizers that need no settings, by their types.</summary>
    public static AuthorizationConfiguration OfModes(IEnumerable<string> types) => new()
    {
        Authorizers = [.. types.Select(static t => new AuthorizerSettings(t, t.ToLowerInvariant()))],
    };
}

/// <summary>One who decides.</summary>
/// <param name="Type">One of <see cref="AuthorizerTypes"/>.</param>
/// <param name="Name">Its own; of all but webhooks their type in small letters.</param>
/// <param name="Webhook">Of a webhook: its settings.</param>
public sealed record AuthorizerSettings(string Type, string Name, WebhookSettings? Webhook = null);

/// <summary>The types that there are.</summary>
public static class AuthorizerTypes
{
    public const string Abac = "ABAC";
    public const string Node = "Node";
    public const string Rbac = "RBAC";
    public const string Webhook = "Webhook";
    public const string AlwaysAllow = "AlwaysAllow";
    public const string AlwaysDeny = "AlwaysDeny";

    /// <summary>In the order in which complaints list them.</summary>
    public static IReadOnlyList<string> All { get; } = [Abac, AlwaysAllow, AlwaysDeny, Node, Rbac, Webhook];
}

/// <summary>A server that is asked.</summary>
public sealed record WebhookSettings
{
    public TimeSpan Timeout { get; init; }

    public TimeSpan AuthorizedTtl { get; init; }

    public TimeSpan UnauthorizedTtl { get; init; }

    public bool CachesAuthorized { get; init; } = true;

    public bool CachesUnauthorized { get; init; } = true;

    /// <summary>Of SubjectAccessReview: v1 or v1beta1.</summary>
    public string ReviewVersion { get; init; } = "";

    /// <summary>Of what match conditions read: v1.</summary>
    public string MatchVersion { get; init; } = "";

    /// <summary>NoOpinion or Deny.</summary>
    public string FailurePolicy { get; init; } = "";

    /// <summary>KubeConfigFile or InClusterConfig.</summary>
    public string ConnectionType { get; init; } = "";

    public string? KubeconfigFile { get; init; }

    /// <summary>Expressions: it is asked when all are true.</summary>
    public IReadOnlyList<string> MatchConditions { get; init; } = [];
}
