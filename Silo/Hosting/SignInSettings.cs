using OrleansOrchestrator.Api.Auth.Jwt;
using OrleansOrchestrator.Api.Auth.Webhooks;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>Who may sign in beside the cluster's own ways, as upstream's flags say it; null is what is not given.
/// </summary>
public sealed record SignInSettings
{
    /// <summary>An AuthenticationConfiguration.</summary>
    public string? ConfigurationFile { get; init; }

    /// <summary>Whether requests of nobody are let in.</summary>
    public bool? Anonymous { get; init; }

    /// <summary>The one issuer that older clusters name by flags.</summary>
    public OidcSettings Oidc { get; init; } = new();

    /// <summary>What the dashboard asks issuers for, with blanks.</summary>
    public string DashboardScopes { get; init; } = DefaultDashboardScopes;

    /// <summary>Those that every OpenID issuer knows.</summary>
    public const string DefaultDashboardScopes = "openid email profile";

    /// <summary>A server that is asked for tokens.</summary>
    public TokenWebhookSettings? TokenWebhook { get; init; }

    /// <summary>What the flags say together, and the file when there is one.</summary>
    public (AuthenticationConfiguration Configuration, ReadOnlyMemory<byte>? File) Read()
    {
        if (ConfigurationFile is not { } path)
        {
            return (Oidc.Read(), null);
        }

        if (Oidc.IsGiven)
        {
            throw new UserErrorException("authentication-config file and oidc-* flags are mutually exclusive");
        }

        try
        {
            var content = File.ReadAllBytes(path);
            var configuration = AuthenticationConfigurationReader.Read(content);
            return configuration.Anonymous is null || Anonymous is null
                ? (configuration, content)
                : throw new UserErrorException(
                    "anonymous: Forbidden: --anonymous-auth flag cannot be set when anonymous field is configured in "
                    + "authentication configuration file");
        }
        catch (ConfigurationException bad)
        {
            throw new UserErrorException(
                $"failed to load authentication configuration from file {GoText.Quote(path)}: {bad.Message}");
        }
    }
}
