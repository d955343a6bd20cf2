using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;

namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>
/// gRPC over a unix socket. A channel reconnects by itself: whoever answers there and restarts is simply unavailable
/// for a while.
/// </summary>
public static class UnixChannels
{
    /// <summary>What gRPC takes of a message unless it is told otherwise.</summary>
    public const int DefaultMaxMessageBytes = 4 * 1024 * 1024;

    public static GrpcChannel Open(string socketPath, int maxMessageBytes = DefaultMaxMessageBytes)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = (_, cancellationToken) => ConnectAsync(socketPath, cancellationToken),
            EnableMultipleHttp2Connections = true,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
        };
        return GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            ThrowOperationCanceledOnCancellation = true,
            MaxReceiveMessageSize = maxMessageBytes,
            MaxSendMessageSize = maxMessageBytes,
            MaxReconnectBackoff = TimeSpan.FromSeconds(1),
            InitialReconnectBackoff = TimeSpan.FromMilliseconds(50),
        });
    }

    /// <summary>What is said with a call that may take that long.</summary>
    public static CallOptions Within(TimeSpan patience, CancellationToken cancellationToken) =>
        new(deadline: (TimeProvider.System.GetUtcNow() + patience).UtcDateTime, cancellationToken: cancellationToken);

    private static async ValueTask<Stream> ConnectAsync(string socketPath, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
