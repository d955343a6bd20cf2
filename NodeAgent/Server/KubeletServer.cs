using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Credentials;
using OrleansOrchestrator.NodeAgent.Nftables;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>
/// The node's HTTPS port (10250): logs, exec, attach and port-forward for the API servers alone, figures and the
/// machine's logs for whoever may read them (<see cref="ApiClients"/>); <c>/healthz</c> is open.
/// </summary>
public sealed partial class KubeletServer(
    NodeAgentOptions options,
    NodeCredentials credentials,
    KubeletEndpoints endpoints,
    IAccessReviews reviews,
    ILoggerFactory loggers,
    TimeProvider time,
    ILogger<KubeletServer> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var hasCertificate = options.RotateServerCertificates || options.TlsCertFile.Length > 0;
        if (!hasCertificate || options.ClientCaFile.Length == 0)
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
        builder.Services.AddRoutingCore().AddDirectoryBrowser();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(Configure);
        var app = builder.Build();
        app.UseWebSockets();
        var tokens = new TokenClients(reviews, options.NodeName, time);
        app.Use(
            new ApiClients(X509CertificateLoader.LoadCertificateFromFile(options.ClientCaFile), tokens, time)
                .AuthorizeAsync);
        SystemLogs.Serve(app, SystemLogs.Folder);
        endpoints.Map(app);
        return app;
    }

    private void Configure(KestrelServerOptions kestrel)
    {
        var serving = options.RotateServerCertificates ? null : GivenCertificate();
        kestrel.AddServerHeader = false;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        var address = options.Families.Contains(IpFamily.Six) ? IPAddress.IPv6Any : IPAddress.Any;
        kestrel.Listen(address, options.KubeletPort, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.UseHttps(https =>
            {
                // One that the cluster gives is not there before somebody has approved it: nobody is served until then.
                https.ServerCertificateSelector = (_, _) => serving ?? credentials.Serving.Current;
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                https.AllowAnyClientCertificate(); // ApiClients judges it: a bad one is an answer, not a broken handshake
            }).UseTlsGoodbye();
        });
    }

    private X509Certificate2 GivenCertificate()
    {
        using var pem = X509Certificate2.CreateFromPemFile(options.TlsCertFile, options.TlsKeyFile);
        return CertificateFile.ForTls(pem);
    }

    [LoggerMessage(1, LogLevel.Information, "Logs, exec and port-forward are served on port {Port}")]
    private partial void LogListening(int port);

    [LoggerMessage(
        2,
        LogLevel.Warning,
        "No serving certificate or client authority given: logs, exec and port-forward are not served")]
    private partial void LogOff();
}
