using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.Modes;

/// <summary>Reads upstream's AuthorizationConfiguration.</summary>
public static class AuthorizationConfigurationReader
{
    private static readonly TimeSpan AuthorizedTtl = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan UnauthorizedTtl = TimeSpan.FromSeconds(30);

    private static readonly string[] Versions =
        [$"{ConfigurationFile.Group}/v1", $"{ConfigurationFile.Group}/v1beta1"];

    /// <summary>What a file says; nothing is wrong with it.</summary>
    /// <param name="content">The file.</param>
    /// <param name="required">Types that must be there.</param>
    /// <exception cref="ConfigurationException">Something is wrong; all of it is told.</exception>
    public static AuthorizationConfiguration Read(ReadOnlySpan<byte> content, IReadOnlyCollection<string> required)
    {
        try
        {
            var configuration = ConfigurationFile.Read(
                content, "AuthorizationConfiguration", Versions,
                static root => new AuthorizationConfiguration
                {
                    Authorizers = [.. root.Children("authorizers").Select(Authorizer)],
                });
            Check(configuration, required);
            return configuration;
        }
        catch (ConfigurationException bad)
        {
            throw new ConfigurationException($"failed to load AuthorizationConfiguration from file: {bad.Message}");
        }
    }

    private static void Check(AuthorizationConfiguration configuration, IReadOnlyCollection<string> required)
    {
        var errors = new FieldErrors();
        AuthorizationRules.Validate(configuration, errors);
        if (errors.Count > 0)
        {
            throw new ConfigurationException(errors.ToText());
        }

        List<string> wrong =
        [
            .. configuration.Authorizers
                .Where(static a => a.Type != AuthorizerTypes.Webhook && a.Name != DefaultNameOf(a))
                .Select(static a =>
                    $"expected name {DefaultNameOf(a)} for authorizer {a.Type} instead of {a.Name}"),
        ];
        var missing = required.Except(configuration.Authorizers.Select(static a => a.Type), StringComparer.Ordinal);
        if (string.Join(' ', missing.Order(StringComparer.Ordinal)) is { Length: > 0 } types)
        {
            wrong.Add($"missing required types: [{types}]");
        }

        if (GoErrors.Join(wrong) is { } problem)
        {
            throw new ConfigurationException(problem);
        }
    }

    /// <summary>What an authorizer is called that is none of somebody's own.</summary>
    private static string DefaultNameOf(AuthorizerSettings authorizer) => authorizer.Type.ToLowerInvariant();

    private static AuthorizerSettings Authorizer(ConfigurationNode node) => new(
        node.Text("type"), node.Text("name"), node.Has("webhook") ? Webhook(node.Child("webhook")) : null);

    private static WebhookSettings Webhook(ConfigurationNode node)
    {
        var connection = node.Child("connectionInfo");
        return new WebhookSettings
        {
            Timeout = node.Duration("timeout"),
            AuthorizedTtl = OrElse(node.Duration("authorizedTTL"), AuthorizedTtl),
            UnauthorizedTtl = OrElse(node.Duration("unauthorizedTTL"), UnauthorizedTtl),
            CachesAuthorized = node.Flag("cacheAuthorizedRequests") ?? true,
            CachesUnauthorized = node.Flag("cacheUnauthorizedRequests") ?? true,
            ReviewVersion = node.Text("subjectAccessReviewVersion"),
            MatchVersion = node.Text("matchConditionSubjectAccessReviewVersion"),
            FailurePolicy = node.Text("failurePolicy"),
            ConnectionType = connection.Text("type"),
            KubeconfigFile = connection.MaybeText("kubeConfigFile"),
            MatchConditions = [.. node.Children("matchConditions").Select(static c => c.Text("expression"))],
        };
    }

    private static TimeSpan OrElse(TimeSpan given, TimeSpan usual) => given == TimeSpan.Zero ? usual : given;
}
