using OrleansOrchestrator.Api.Auth.Modes;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>Who decides what is allowed, as upstream's flags say it; null is what is not given.</summary>
public sealed record AccessSettings
{
    private static readonly TimeSpan WebhookTimeout = TimeSpan.FromSeconds(30);

    /// <summary>An AuthorizationConfiguration.</summary>
    public string? ConfigurationFile { get; init; }

    /// <summary>Types of authorizers, with commas.</summary>
    public string? Modes { get; init; }

    /// <summary>Of the mode ABAC: its policies.</summary>
    public string? PolicyFile { get; init; }

    /// <summary>Of the mode Webhook: a kubeconfig.</summary>
    public string? WebhookFile { get; init; }

    public string? WebhookVersion { get; init; }

    public TimeSpan? AuthorizedTtl { get; init; }

    public TimeSpan? UnauthorizedTtl { get; init; }

    /// <summary>Nobody is let in as nobody where everything is allowed.</summary>
    public bool AllowsEverything => All.Contains(AuthorizerTypes.AlwaysAllow);

    private string[] All => Modes?.Split(',') ?? [AuthorizerTypes.Node, AuthorizerTypes.Rbac];

    private bool HasFlags =>
        Modes is not null || WebhookFile is not null || WebhookVersion is not null || AuthorizedTtl is not null
        || UnauthorizedTtl is not null;

    /// <summary>What the flags say together, and the file when there is one.</summary>
    public (AuthorizationConfiguration Configuration, ReadOnlyMemory<byte>? File) Read()
    {
        if (ConfigurationFile is not { } path)
        {
            return (OfFlags(), null);
        }

        if (HasFlags)
        {
            throw new UserErrorException(
                "--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* "
                + "flags are defined");
        }

        var content = File.ReadAllBytes(path);
        return (AuthorizationConfigurationReader.Read(content, []), content);
    }

    /// <summary>The policies of the mode ABAC, where that is one of those who decide.</summary>
    public IReadOnlyList<AttributePolicy> ReadPolicies(AuthorizationConfiguration configuration) =>
        !configuration.Has(AuthorizerTypes.Abac) ? []
        : PolicyFile is { } file ? AttributePolicyReader.Load(file)
        : throw new UserErrorException("authorization-mode ABAC's authorization policy file not passed");

    private AuthorizationConfiguration OfFlags()
    {
        var modes = All;
        if (modes.FirstOrDefault(static m => !AuthorizerTypes.All.Contains(m)) is { } unknown)
        {
            throw new UserErrorException($"authorization-mode {GoText.Quote(unknown)} is not a valid mode");
        }

        if (modes.Distinct(StringComparer.Ordinal).Count() < modes.Length)
        {
            throw new UserErrorException(
                $"authorization-mode {GoText.Quoted(modes)} has mode specified more than once");
        }

        if (PolicyFile is not null && !modes.Contains(AuthorizerTypes.Abac))
        {
            throw new UserErrorException("cannot specify --authorization-policy-file without mode ABAC");
        }

        var hasWebhook = modes.Contains(AuthorizerTypes.Webhook);
        if (hasWebhook && WebhookFile is null)
        {
            throw new UserErrorException("authorization-mode Webhook's authorization config file not passed");
        }

        if (!hasWebhook && WebhookFile is not null)
        {
            throw new UserErrorException(
                "cannot specify --authorization-webhook-config-file without mode Webhook");
        }

        var configuration = AuthorizationConfiguration.OfModes(modes);
        return configuration with
        {
            Authorizers =
            [
                .. configuration.Authorizers.Select(a => a.Type == AuthorizerTypes.Webhook
                    ? a with { Name = "default", Webhook = Webhook() }
                    : a),
            ],
        };
    }

    private WebhookSettings Webhook()
    {
        var allowed = AuthorizedTtl ?? TimeSpan.FromMinutes(5);
        var refused = UnauthorizedTtl ?? TimeSpan.FromSeconds(30);
        var version = WebhookVersion ?? "v1beta1";
        return version is not ("v1" or "v1beta1")
            ? throw new UserErrorException(
                $"unsupported webhook authorizer version {GoText.Quote(version)}, supported versions are \"v1\", "
                + "\"v1beta1\"")
            : new WebhookSettings
            {
                Timeout = WebhookTimeout,
                AuthorizedTtl = allowed,
                UnauthorizedTtl = refused,
                CachesAuthorized = allowed > TimeSpan.Zero,
                CachesUnauthorized = refused > TimeSpan.Zero,
                ReviewVersion = version,
                FailurePolicy = "NoOpinion",
                ConnectionType = ConnectionTypes.KubeconfigFile,
                KubeconfigFile = WebhookFile,
            };
    }
}
