using System.Text;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Security;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// This server where it asks itself: a webhook may be served by an API behind it. There it is told by
/// <see cref="UserIdentity.ApiServer"/> who asks, whatever users a kubeconfig names, and shows what the cluster's own
/// authority has signed (upstream's loopback client, <c>util/webhook/authentication.go</c>).
/// </summary>
public sealed class OwnServer(RenewedCertificate certificate, IClusterTrust trust)
{
    /// <summary>What the certificate is to say.</summary>
    public static CertificateOrder Order(TimeSpan validity) => new()
    {
        CommonName = UserIdentity.ApiServer.Name, Organizations = [SystemNames.Masters], Validity = validity,
    };

    /// <summary>
    /// A server, asked by this one: by its name in the cluster it is this one itself. Where there is nothing to show
    /// it, it cannot be asked: an IOException, like that of a server that cannot be reached.
    /// </summary>
    public async ValueTask<RemoteTarget> AskAsync(RemoteTarget target, CancellationToken cancellationToken)
    {
        if (!target.IsOwn)
        {
            return target;
        }

        try
        {
            return target with
            {
                ClientPem = await certificate.GetAsync(cancellationToken),
                CaBundle = Joined(await trust.GetAuthorityPemAsync(cancellationToken), target.CaBundle),
            };
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            throw new RemoteFailureException($"no certificate to show this server itself: {failure.Message}");
        }
    }

    private static string Joined(string authorityPem, string bundle) => Convert.ToBase64String(
        [.. Encoding.UTF8.GetBytes($"{authorityPem}\n"), .. Convert.FromBase64String(bundle)]);
}
