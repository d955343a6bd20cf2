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

    /// <param name="socketPath">Who is called.</param>
    /// <param name="maxMessageBytes">How large a message may be.</param>
    /// <param name="watch">Is told of connections, where somebody wants to know.</param>
    public static GrpcChannel Open(
        string socketPath, int maxMessageBytes = DefaultMaxMessageBytes, ConnectionWatch? watch = null)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = (_, cancellationToken) => ConnectAsync(socketPath, watch, cancellationToken),
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

    /// <summary>
    /// The answer to a call that may take that long. What comes later is a <see cref="RpcException"/>, as it is to
    /// clients in Go, and in their words; a channel by itself calls that a cancellation, which nobody asked for.
    /// </summary>
    public static async Task<TAnswer> CallAsync<TAnswer>(
        Func<CallOptions, AsyncUnaryCall<TAnswer>> call, TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            return await call(Within(patience, cancellationToken));
        }
        catch (Exception late) when (
            late is OperationCanceledException or RpcException { StatusCode: StatusCode.DeadlineExceeded }
            && !cancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, "context deadline exceeded"));
        }
    }

    private static async ValueTask<Stream> ConnectAsync(
        string socketPath, ConnectionWatch? watch, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
            return watch is null ? new NetworkStream(socket, ownsSocket: true) : watch.Follow(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
