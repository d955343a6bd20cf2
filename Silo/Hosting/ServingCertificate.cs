using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Interfaces.Security;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// The certificate that the API shows. Issued anew at every start and every month, so that it never gets near its end.
/// Loads the cluster's identity first; registered after the silo and before the web server, which is the order in which
/// they start.
/// </summary>
public sealed partial class ServingCertificate(
    TrustStore trustStore, SiloOptions options, TimeProvider time, ILogger<ServingCertificate> logger) : BackgroundService
{
    private static readonly TimeSpan Validity = TimeSpan.FromDays(365);
    private static readonly TimeSpan RenewAfter = TimeSpan.FromDays(30);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMinutes(1);
    private const int MaxAttempts = 4;
    private const string ServiceName = "kubernetes.default.svc.cluster.local";

    private SslServerAuthenticationOptions? _handshake;

    /// <summary>
    /// How the next handshake goes that shows it. One object for all of them until the certificate is renewed.
    /// </summary>
    public SslServerAuthenticationOptions Handshake =>
        _handshake ?? throw new InvalidOperationException("the web server starts after the identity is loaded");

    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await AskAgainAsync(trustStore.LoadAsync, cancellationToken);
        await AskAgainAsync(IssueAsync, cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var wait = RenewAfter;
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(wait, time, stoppingToken);
            try
            {
                await IssueAsync(stoppingToken);
                wait = RenewAfter;
            }
            catch (Exception failure) when (
                failure is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                LogRenewalFailed(failure);
                wait = RetryAfter;
            }
        }
    }

    // A busy machine may take longer for the first calls of a new silo than Orleans waits for their answers. Both calls
    // may be repeated, and a silo that gave up would only have to begin again.
    private async Task AskAgainAsync(Func<CancellationToken, Task> ask, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await ask(cancellationToken);
                return;
            }
            catch (TimeoutException failure) when (attempt < MaxAttempts)
            {
                LogSlowStart(failure.Message);
            }
        }
    }

    private async Task IssueAsync(CancellationToken cancellationToken)
    {
        var issued = await trustStore.Signer.IssueAsync(
            new CertificateOrder
            {
                CommonName = "kube-apiserver",
                DnsNames = [.. DnsNames()],
                IpAddresses = [.. Addresses().Distinct()],
                Validity = Validity,
            },
            cancellationToken);
        using var pem = X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem);
        var certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        _handshake = options.Tls.HandshakeWith(SslStreamCertificateContext.Create(certificate, null, offline: true));
    }

    // kubernetes, kubernetes.default, … up to the full name: pods may use any.
    private static IEnumerable<string> DnsNames()
    {
        for (var dot = ServiceName.IndexOf('.', StringComparison.Ordinal); dot >= 0; dot = ServiceName.IndexOf('.', dot + 1))
        {
            yield return ServiceName[..dot];
        }

        yield return ServiceName;
        yield return "localhost";
        yield return Dns.GetHostName();
    }

    private IEnumerable<string> Addresses()
    {
        yield return IPAddress.Loopback.ToString();
        yield return IPAddress.IPv6Loopback.ToString();
        yield return options.Services.ApiAddress;
        yield return options.AdvertiseAddress.ToString();
        if (!options.BindAddress.Equals(IPAddress.Any) && !options.BindAddress.Equals(IPAddress.IPv6Any))
        {
            yield return options.BindAddress.ToString();
        }

        foreach (var address in Dns.GetHostAddresses(Dns.GetHostName()).Where(static a => !a.IsIPv6LinkLocal))
        {
            yield return address.ToString();
        }
    }

    [LoggerMessage(2, LogLevel.Warning, "The cluster's identity does not answer yet; asking again: {Problem}")]
    private partial void LogSlowStart(string problem);

    [LoggerMessage(1, LogLevel.Error, "The serving certificate could not be renewed; the present one stays in use")]
    private partial void LogRenewalFailed(Exception failure);
}
