using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace OrleansOrchestrator.Api.Remote;

/// <summary>
/// Connections to servers that the cluster's objects name: one pool a server and what it is trusted by, HTTP/2 where
/// the server offers it and is the only one of its name. Where a Service leads is looked up when a connection is made;
/// connections do not grow old, so that new endpoints get their share.
/// </summary>
public sealed class RemoteConnections(ServiceResolver services, TimeProvider time) : IDisposable
{
    /// <summary>Upstream's number of clients that are kept.</summary>
    private const int MaxPools = 200;

    /// <summary>More requests at once to one server wait for each other.</summary>
    private const int MaxConnections = 64;

    /// <summary>The same where each has a connection of its own: webhooks, and servers behind this one (watches, too).
    /// </summary>
    private const int MaxSingle = 1024;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<RemoteTarget, LinkedListNode<Pool>> _pools = [];

    /// <summary>Most recently used first.</summary>
    private readonly LinkedList<Pool> _order = new();

    /// <summary>What sends requests to a server; paths are the request's own.</summary>
    public HttpMessageInvoker Of(RemoteTarget target) => PoolOf(target).Invoker;

    /// <summary>What is wrong with the certificate that a server showed last, and which was taken.</summary>
    internal CertificateFlaws FlawsOf(RemoteTarget target)
    {
        lock (_lock)
        {
            return _pools.TryGetValue(KeyOf(target), out var node) ? node.Value.Trust.Flaws : CertificateFlaws.None;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var pool in _order)
            {
                pool.Invoker.Dispose();
            }

            _order.Clear();
            _pools.Clear();
        }
    }

    private static RemoteTarget KeyOf(RemoteTarget target) => target with { Path = "" };

    private Pool PoolOf(RemoteTarget target)
    {
        var key = KeyOf(target);
        lock (_lock)
        {
            if (_pools.TryGetValue(key, out var node))
            {
                _order.Remove(node);
                _order.AddFirst(node);
                return node.Value;
            }

            if (_pools.Count == MaxPools)
            {
                // Left to the requests that still use it: its connections end when they are idle.
                _pools.Remove(_order.Last!.Value.Target);
                _order.RemoveLast();
            }

            var trust = new ServerTrust(key, time);
            var pool = new Pool(key, trust, Make(key, trust));
            _pools.Add(key, _order.AddFirst(pool));
            return pool;
        }
    }

    private HttpMessageInvoker Make(RemoteTarget target, ServerTrust trust) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = ConnectTimeout,
        MaxConnectionsPerServer = target.IsBehindUs || target.IsBalanced ? MaxSingle : MaxConnections,
        RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8,
        ResponseHeaderEncodingSelector = static (_, _) => Encoding.UTF8,
        PlaintextStreamFilter = target.IsBehindUs
            ? static (context, _) => new ValueTask<Stream>(new HeaderLines(context.PlaintextStream))
            : null,
        PooledConnectionLifetime = ConnectionLifetime,
        ConnectCallback = (_, token) => ConnectAsync(target, token),
        SslOptions = trust.Options(
            target.ClientPem.Length == 0 ? null : X509Certificate2.CreateFromPem(target.ClientPem, target.ClientPem)),
    });

    private async ValueTask<Stream> ConnectAsync(RemoteTarget target, CancellationToken cancellationToken)
    {
        var place = new DnsEndPoint(target.Host, target.Port);
        if (target.Service is { } service)
        {
            var found = await services.ResolveAsync(service, target.Port, cancellationToken);
            place = found.Succeeded ? found.Value : throw new RemoteFailureException(found.Error.Message);
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(place, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw new RemoteFailureException(Words(place, failure));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static string Words(DnsEndPoint place, SocketException failure) => failure.SocketErrorCode switch
    {
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain =>
            $"dial tcp: lookup {place.Host}: no such host",
        SocketError.ConnectionRefused => $"dial tcp {Text(place)}: connect: connection refused",
        SocketError.HostUnreachable => $"dial tcp {Text(place)}: connect: no route to host",
        SocketError.NetworkUnreachable => $"dial tcp {Text(place)}: connect: network is unreachable",
        SocketError.TimedOut => $"dial tcp {Text(place)}: connect: connection timed out",
        _ => $"dial tcp {Text(place)}: {failure.Message}",
    };

    private static string Text(DnsEndPoint place) =>
        place.Host.Contains(':', StringComparison.Ordinal)
            ? FormattableString.Invariant($"[{place.Host}]:{place.Port}")
            : FormattableString.Invariant($"{place.Host}:{place.Port}");

    private sealed record Pool(RemoteTarget Target, ServerTrust Trust, HttpMessageInvoker Invoker);
}
