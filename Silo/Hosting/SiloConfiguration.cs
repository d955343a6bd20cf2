using OrleansOrchestrator.Api.Audit;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Auth.Jwt;
using OrleansOrchestrator.Api.Auth.Modes;
using OrleansOrchestrator.Api.Auth.Webhooks;
using OrleansOrchestrator.Grains.Cloud.Remote;
using OrleansOrchestrator.Grains.Encryption;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// What the files say that a silo is told of. Reading them finds what is wrong with them before anything starts.
/// </summary>
public sealed record SiloConfiguration
{
    public required AuthOptions Auth { get; init; }

    /// <summary>Certificates for names of an operator's own, which are followed.</summary>
    public required NamedCertificates NamedCertificates { get; init; }

    /// <summary>The AuthenticationConfiguration, which is followed; null without one.</summary>
    public ReadOnlyMemory<byte>? SignInFile { get; init; }

    /// <summary>The authorities of proxies in front, which are followed; empty without any.</summary>
    public ReadOnlyMemory<byte> RequestHeaderFile { get; init; }

    /// <summary>The AuthorizationConfiguration, which is followed; null without one.</summary>
    public ReadOnlyMemory<byte>? AccessFile { get; init; }

    public AdmissionSettings? Admission { get; init; }

    public SchedulerSettings? Scheduler { get; init; }

    public EncryptionConfiguration? Encryption { get; init; }

    /// <summary>The file that it was read from; empty without one.</summary>
    public ReadOnlyMemory<byte> EncryptionContent { get; init; }

    public AuditPolicy? AuditPolicy { get; init; }

    public RemoteCloudOptions? Cloud { get; init; }

    public static SiloConfiguration Read(SiloOptions options)
    {
        var (configuration, signIn) = options.SignIn.Read();
        var (authorization, access) = options.Access.Read();
        var (requestHeaders, requestHeaderFile) = options.FrontProxies.Read();
        var auth = options.ServiceAccounts.Over(new AuthOptions
        {
            StaticTokens = options.TokenFile is { } file
                ? StaticTokenFile.Read(file)
                : new Dictionary<string, UserIdentity>(),
            Configuration = configuration,
            AdmitsAnonymous = options.SignIn.Anonymous ?? !options.Access.AllowsEverything,
            TokenWebhook = options.SignIn.TokenWebhook,
            RequestHeaders = requestHeaders,
            ProxyClient = options.FrontProxies.Client,
            Authorization = authorization with { Policies = options.Access.ReadPolicies(authorization) },
        });
        AuthenticationConfigurationReader.Check(configuration, auth.Issuers);
        CheckWebhooks(auth);
        _ = auth.ProxyClient?.Read();
        var (encryption, encryptionContent) =
            options.EncryptionFile is { } keys ? EncryptionFile.Load(keys) : (null, default);
        return new SiloConfiguration
        {
            Auth = auth,
            NamedCertificates = new NamedCertificates(options.Tls),
            SignInFile = signIn,
            RequestHeaderFile = requestHeaderFile,
            AccessFile = access,
            Admission = options.AdmissionFile is { } admission ? AdmissionConfigurationFile.Read(admission) : null,
            Scheduler = options.SchedulerFile is { } scheduler ? SchedulerConfigurationFile.Read(scheduler) : null,
            Encryption = encryption,
            EncryptionContent = encryptionContent,
            AuditPolicy = options.Audit?.ReadPolicy(),
            Cloud = options.Cloud.Read(hasPools: options.LoadBalancerPools.Count > 0),
        };
    }

    private static void CheckWebhooks(AuthOptions auth)
    {
        if (auth.TokenWebhook is { } tokens)
        {
            _ = TokenWebhook.TargetOf(tokens);
        }

        foreach (var webhook in auth.Authorization.Authorizers.Select(static a => a.Webhook).OfType<WebhookSettings>())
        {
            _ = ConfiguredAuthorizers.TargetOf(webhook);
        }
    }
}
