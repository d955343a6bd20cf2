using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>
/// The node's HTTPS port (10250): logs, exec, attach, port-forward and figures, for the API servers alone. A client
/// must show a certificate of the cluster's authority in the group <c>system:masters</c>; <c>/healthz</c> is open.
/// </summary>
public sealed partial class KubeletServer(
    NodeAgentOptions options, KubeletEndpoints endpoints, ILoggerFactory loggers, ILogger<KubeletServer> logger) : BackgroundService
{
    private const string RequiredGroup = "system:masters";
    private const string OrganizationOid = "2.5.4.10";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.TlsCertFile.Length == 0 || options.ClientCaFile.Length == 0)
        {
            LogOff();
            return;
        }

        await using var app = Build();
        await app.StartAsync(stoppingToken);
        LogListening(options.KubeletPort);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stoppingToken).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing);
        await app.StopAsync(CancellationToken.None);
    }

    private WebApplication Build()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(Configure);
        var app = builder.Build();
        app.UseWebSockets();
        app.Use(AuthorizeAsync);
        endpoints.Map(app);
        return app;
    }

    private void Configure(KestrelServerOptions kestrel)
    {
        var authority = X509CertificateLoader.LoadCertificateFromFile(options.ClientCaFile);
        using var pem = X509Certificate2.CreateFromPemFile(options.TlsCertFile, options.TlsKeyFile);
        var serving = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        kestrel.AddServerHeader = false;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Listen(IPAddress.Any, options.KubeletPort, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.UseHttps(https =>
            {
                https.ServerCertificate = serving;
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                https.ClientCertificateValidation = (certificate, _, _) => IsOfAuthority(certificate, authority);
            }).UseTlsGoodbye();
        });
    }

    private static bool IsOfAuthority(X509Certificate2 certificate, X509Certificate2 authority)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(certificate);
    }

    private static Task AuthorizeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Path == "/healthz")
        {
            return next(context);
        }

        if (context.Connection.ClientCertificate is not { } certificate)
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return context.Response.WriteAsync("Unauthorized");
        }

        if (!Organizations(certificate).Contains(RequiredGroup))
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return context.Response.WriteAsync("Forbidden");
        }

        return next(context);
    }

    private static IEnumerable<string?> Organizations(X509Certificate2 certificate) =>
        certificate.SubjectName.EnumerateRelativeDistinguishedNames()
            .Where(part => !part.HasMultipleElements && part.GetSingleElementType().Value == OrganizationOid)
            .Select(part => part.GetSingleElementValue());

    [LoggerMessage(1, LogLevel.Information, "Logs, exec and port-forward are served on port {Port}")]
    private partial void LogListening(int port);

    [LoggerMessage(
        2,
        LogLevel.Warning,
        "No serving certificate or client authority given: logs, exec and port-forward are not served")]
    private partial void LogOff();
}
