using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using OrleansOrchestrator.Grains.Security;
using V1 = OrleansOrchestrator.Grains.Cloud.Remote.V1;

namespace OrleansOrchestrator.Grains.Cloud.Remote;

/// <summary>
/// The connection to a cloud's provider. Each call has its time, and fails as a <see cref="CloudException"/>; none is
/// repeated here, since those who ask have their own patience.
/// </summary>
internal sealed class CloudChannel : IDisposable
{
    /// <summary>What one answer may weigh: the routes of all nodes.</summary>
    private const int MaxMessageBytes = 16 * 1024 * 1024;

    private readonly RemoteCloudOptions _options;
    private readonly TimeProvider _time;
    private readonly GrpcChannel _channel;

    public CloudChannel(RemoteCloudOptions options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        _channel = GrpcChannel.ForAddress(
            options.SocketPath is null ? options.Endpoint : "http://cloud.local",
            new GrpcChannelOptions
            {
                HttpHandler = Handler(options),
                DisposeHttpClient = true,
                MaxReceiveMessageSize = MaxMessageBytes,
                MaxSendMessageSize = MaxMessageBytes,
            });
        Client = new V1.Cloud.CloudClient(_channel);
    }

    public V1.Cloud.CloudClient Client { get; }

    /// <summary>Asks for something.</summary>
    public Task<T> ReadAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> call, CancellationToken cancellationToken) =>
        CallAsync(call, _options.ReadTimeout, cancellationToken);

    /// <summary>Asks for a change.</summary>
    public Task<T> WriteAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> call, CancellationToken cancellationToken) =>
        CallAsync(call, _options.WriteTimeout, cancellationToken);

    public void Dispose() => _channel.Dispose();

    private async Task<T> CallAsync<T>(
        Func<CallOptions, AsyncUnaryCall<T>> call, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            var deadline = _time.GetUtcNow().UtcDateTime + timeout;
            using var running = call(new CallOptions(deadline: deadline, cancellationToken: cancellationToken));
            return await running;
        }
        catch (RpcException refusal)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new RemoteCloudException(refusal);
        }
    }

    private static SocketsHttpHandler Handler(RemoteCloudOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(20),
        };
        if (options.SocketPath is { } path)
        {
            handler.ConnectCallback = (_, token) => ConnectAsync(path, token);
            return handler;
        }

        handler.SslOptions = ClientTls.Options([.. options.Authorities()], options.Client());
        return handler;
    }

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
