using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansOrchestrator.Api.Auth.Jwt;
using OrleansOrchestrator.Api.Auth.Modes;
using OrleansOrchestrator.Api.Auth.Rbac;
using OrleansOrchestrator.Api.Auth.RequestHeaders;
using OrleansOrchestrator.Api.Auth.Reviews;
using OrleansOrchestrator.Api.Auth.TokenKeys;
using OrleansOrchestrator.Api.Auth.Webhooks;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Interfaces.Security;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>Wires authentication and authorization into a host.</summary>
public static class AuthHosting
{
    /// <summary>
    /// Registers everything in this folder. The host calls <see cref="TrustStore.LoadAsync"/> once the silo runs.
    /// </summary>
    public static IServiceCollection AddOrchestratorAuth(this IServiceCollection services, AuthOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton(provider => new RequestHeaderUsers(
            provider.GetRequiredService<TimeProvider>(), options.RequestHeaders, options.ProxyClient));
        services.AddSingleton<TrustStore>();
        services.AddSingleton<IClusterTrust>(provider => provider.GetRequiredService<TrustStore>());
        services.AddSingleton(static provider => new OwnServer(
            new RenewedCertificate(
                (validity, token) =>
                    provider.GetRequiredService<TrustStore>().Signer.IssueAsync(OwnServer.Order(validity), token),
                provider.GetRequiredService<TimeProvider>()),
            provider.GetRequiredService<IClusterTrust>()));
        services.AddHostedService<TrustFollower>();
        services.AddSingleton<AccountKeys>();
        services.AddSingleton<ServiceAccountTokens>();
        services.AddSingleton<SecretTokens>();
        services.AddSingleton<ISecretTokens>(provider => provider.GetRequiredService<SecretTokens>());
        services.AddSingleton<BootstrapTokens>();
        services.AddRemoteCalls();
        services.TryAddSingleton<JwtMetrics>();
        services.AddSingleton(provider => new JwtIssuers(
            options.Configuration, options.Issuers, options.AdmitsAnonymous,
            provider.GetRequiredService<RemoteCaller>(), provider.GetRequiredService<JwtMetrics>(),
            provider.GetRequiredService<TimeProvider>()));
        if (options.TokenWebhook is { } webhook)
        {
            services.AddSingleton(provider => new TokenWebhook(
                webhook, options.Audiences, provider.GetRequiredService<RemoteCaller>(),
                provider.GetRequiredService<TimeProvider>()));
        }

        services.AddSingleton<TokenMetrics>();
        services.AddSingleton<BearerTokens>();
        services.AddSingleton<ClientCertificates>();
        services.AddSingleton<IAuthenticator, Authenticator>();
        services.AddSingleton<NodeRelations>();
        services.AddSingleton<NodeAuthorizer>();
        services.AddSingleton<BuiltInRoles>();
        services.TryAddSingleton<RoleBook>();
        services.AddSingleton<RoleAuthorizer>();
        services.AddSingleton<AuthorizationMetrics>();
        services.AddSingleton(options.Authorization);
        services.AddSingleton<ConfiguredAuthorizers>();
        services.AddSingleton<IAuthorizer>(static provider => provider.GetRequiredService<ConfiguredAuthorizers>());
        services.AddSingleton<TokenBindings>();
        services.AddSingleton<IEndpointHandler, IssuerDiscovery>();
        services.AddSingleton<IQuestionHandler, TokenReviewHandler>();
        services.AddSingleton<IQuestionHandler, SelfSubjectReviewHandler>();
        services.AddSingleton<IQuestionHandler, AccessReviewHandler>();
        services.AddSingleton<IQuestionHandler, RulesReviewHandler>();
        return services;
    }

    /// <summary>
    /// Has an AuthenticationConfiguration's file followed; <see cref="AuthOptions.Configuration"/> is what it said.
    /// </summary>
    public static IServiceCollection FollowAuthenticationFile(
        this IServiceCollection services, string path, ReadOnlyMemory<byte> content) => services.FollowFile(
        provider =>
        {
            var issuers = provider.GetRequiredService<JwtIssuers>();
            return new FollowedFile(
                path, "authentication_config", content,
                changed => issuers.Use(AuthenticationConfigurationReader.Read(changed.Span)));
        });

    /// <summary>
    /// Has the file of proxies' authorities followed; <see cref="AuthOptions.RequestHeaders"/> is what it said.
    /// </summary>
    public static IServiceCollection FollowRequestHeaderFile(
        this IServiceCollection services, string path, ReadOnlyMemory<byte> content) => services.FollowFile(
        provider =>
        {
            var users = provider.GetRequiredService<RequestHeaderUsers>();
            return new FollowedFile(
                path, "requestheader_client_ca", content, changed => users.Use(Encoding.UTF8.GetString(changed.Span)));
        });

    /// <summary>
    /// Has an AuthorizationConfiguration's file followed; <see cref="AuthOptions.Authorization"/> is what it said. As
    /// upstream has it, what is no webhook stays.
    /// </summary>
    public static IServiceCollection FollowAuthorizationFile(
        this IServiceCollection services, string path, ReadOnlyMemory<byte> content,
        AuthorizationConfiguration initial)
    {
        string[] required =
            [.. initial.Authorizers.Select(static a => a.Type).Where(static t => t != AuthorizerTypes.Webhook)];
        return services.FollowFile(provider =>
        {
            var authorizers = provider.GetRequiredService<ConfiguredAuthorizers>();
            return new FollowedFile(
                path, "authorization_config", content,
                changed => authorizers.Use(AuthorizationConfigurationReader.Read(changed.Span, required)));
        });
    }
}
