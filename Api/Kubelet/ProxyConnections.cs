using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>An address that proxies may not reach.</summary>
internal sealed class AddressNotAllowedException() : IOException("address not allowed");

/// <summary>
/// Connections to what runs in the cluster. As upstream, servers there are taken as they are: their certificates are
/// signed by authorities that the API does not know, old or weak ones too. Where a connection leads is judged when it
/// is made, by the address that it is made to.
/// </summary>
/// <param name="isAllowed">Judges an address.</param>
internal sealed class ProxyConnections(Func<IPAddress, bool> isAllowed) : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(30);

    public ProxyConnections()
        : this(ProxyAddresses.IsAllowed)
    {
    }

    public HttpMessageInvoker Invoker { get; } = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = ConnectTimeout,
        ConnectCallback = (context, token) => ConnectAsync(context.DnsEndPoint, isAllowed, token),
        SslOptions = new SslClientAuthenticationOptions
        {
#pragma warning disable CA5359, SYSLIB0040
            RemoteCertificateValidationCallback = (_, _, _, _) => true,

            // Takes keys that OpenSSL's default level refuses before anybody is asked.
            EncryptionPolicy = EncryptionPolicy.AllowNoEncryption,
#pragma warning restore CA5359, SYSLIB0040
        },
    });

    public void Dispose() => Invoker.Dispose();

    private static async ValueTask<Stream> ConnectAsync(
        DnsEndPoint server, Func<IPAddress, bool> isAllowed, CancellationToken cancellationToken)
    {
        var addresses = IPAddress.TryParse(server.Host, out var literal)
            ? [literal]
            : await Dns.GetHostAddressesAsync(server.Host, cancellationToken);
        var allowed = Array.FindAll(addresses, a => isAllowed(a));
        if (allowed.Length == 0)
        {
            throw new AddressNotAllowedException();
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, server.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
