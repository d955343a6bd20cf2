using OrleansOrchestrator.Api.Auth.Jwt;
using OrleansOrchestrator.Api.Auth.Modes;
using OrleansOrchestrator.Api.Auth.RequestHeaders;
using OrleansOrchestrator.Api.Auth.TokenKeys;
using OrleansOrchestrator.Api.Auth.Webhooks;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>Settings of authentication and authorization.</summary>
public sealed record AuthOptions
{
    /// <summary>
    /// Issuers (<c>iss</c>) of service-account tokens that are taken; the first is that of new ones, and what OIDC
    /// discovery describes.
    /// </summary>
    public IReadOnlyList<string> Issuers { get; init; } = ["https://kubernetes.default.svc.cluster.local"];

    /// <summary>Audiences for which a token is good here, and those of TokenRequests that name none.</summary>
    public IReadOnlyList<string> Audiences { get => field ?? Issuers; init; }

    /// <summary>Where others find the keys of service-account tokens; null for a place below the issuer.</summary>
    public string? KeySetUrl { get; init; }

    /// <summary>
    /// Whether tokens of pods are good for a year, for programs that read theirs once, and only say since when they are
    /// stale.
    /// </summary>
    public bool ExtendsTokens { get; init; } = true;

    /// <summary>
    /// The longest life that a service-account token may be given: who asks for more gets this, and a warning. Null for
    /// no bound but the 2^32 seconds of the API itself.
    /// </summary>
    public TimeSpan? MaxTokenLifetime { get; init; }

    /// <summary>Keys of service-account tokens beside the cluster's own; null for none.</summary>
    public TokenKeyFiles? TokenKeys { get; init; }

    /// <summary>Static bearer tokens: token to user. For tests and tools; empty by default.</summary>
    public IReadOnlyDictionary<string, Interfaces.Kernel.UserIdentity> StaticTokens { get; init; } =
        new Dictionary<string, Interfaces.Kernel.UserIdentity>();

    /// <summary>Issuers whose tokens are taken.</summary>
    public AuthenticationConfiguration Configuration { get; init; } = new();

    /// <summary>Whether requests of nobody are let in, where <see cref="Configuration"/> does not say.</summary>
    public bool AdmitsAnonymous { get; init; } = true;

    /// <summary>A server that is asked for tokens that nobody else knows; null for none.</summary>
    public TokenWebhookSettings? TokenWebhook { get; init; }

    /// <summary>Proxies in front of this server; null for none.</summary>
    public RequestHeaderSettings? RequestHeaders { get; init; }

    /// <summary>The certificate shown to servers of aggregated APIs; null for one of this server's own.</summary>
    public ProxyClientFiles? ProxyClient { get; init; }

    /// <summary>Who decides what is allowed.</summary>
    public AuthorizationConfiguration Authorization { get; init; } = AuthorizationConfiguration.Default;
}
