using System.Net.Sockets;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using OrleansOrchestrator.Grains.Encryption.Kms.V2;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Encryption.Kms;

/// <summary>
/// The connection to a plugin: gRPC over its unix socket. It is made with the first call, and anew by itself; each call
/// ends within the plugin's time.
/// </summary>
internal sealed class KmsClient(KmsSettings settings) : IDisposable
{
    private readonly Lazy<(GrpcChannel Channel, KeyManagementService.KeyManagementServiceClient Stub)> _stub =
        new(() => Connect(settings));

    public Task<StatusResponse> StatusAsync(CancellationToken cancellationToken) => CallAsync(
        "Status", static (stub, request, options) => stub.StatusAsync(request, options), new StatusRequest(),
        cancellationToken);

    public Task<EncryptResponse> EncryptAsync(string uid, byte[] value, CancellationToken cancellationToken) =>
        CallAsync(
            "Encrypt", static (stub, request, options) => stub.EncryptAsync(request, options),
            new EncryptRequest { Uid = uid, Plaintext = ByteString.CopyFrom(value) }, cancellationToken);

    public Task<DecryptResponse> DecryptAsync(EncryptedObject item, CancellationToken cancellationToken)
    {
        var request = new DecryptRequest
        {
            Uid = Chance.NewId().ToString("D"), Ciphertext = item.Source, KeyId = item.KeyId,
        };
        request.Annotations.Add(item.Annotations);
        return CallAsync(
            "Decrypt", static (stub, asked, options) => stub.DecryptAsync(asked, options), request, cancellationToken);
    }

    /// <summary>Go's text for what a call came to.</summary>
    public static string Describe(RpcException error) =>
        $"rpc error: code = {GrpcCode.NameOf(error.StatusCode)} desc = {error.Status.Detail}";

    public void Dispose()
    {
        if (_stub.IsValueCreated)
        {
            _stub.Value.Channel.Dispose();
        }
    }

    private async Task<TResponse> CallAsync<TRequest, TResponse>(
        string method,
        Func<KeyManagementService.KeyManagementServiceClient, TRequest, CallOptions, AsyncUnaryCall<TResponse>> call,
        TRequest request, CancellationToken cancellationToken)
    {
        var start = EncryptionMetrics.Now();
        var code = StatusCode.OK;
        try
        {
            var deadline = TimeProvider.System.GetUtcNow().UtcDateTime + settings.Timeout;
            using var made = call(
                _stub.Value.Stub, request, new CallOptions(deadline: deadline, cancellationToken: cancellationToken));
            return await made;
        }
        catch (RpcException error)
        {
            code = error.StatusCode;
            throw;
        }
        finally
        {
            KmsMetrics.Called(settings.Name, method, start, code);
        }
    }

    private static (GrpcChannel, KeyManagementService.KeyManagementServiceClient) Connect(KmsSettings settings)
    {
        var channel = GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler
            {
                ConnectCallback = (_, cancellationToken) => ConnectAsync(settings.Socket, cancellationToken),
                PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
                UseProxy = false,
            },
            DisposeHttpClient = true,
            ThrowOperationCanceledOnCancellation = true,
            MaxReconnectBackoff = TimeSpan.FromSeconds(1),
            InitialReconnectBackoff = TimeSpan.FromMilliseconds(50),
        });
        return (channel, new KeyManagementService.KeyManagementServiceClient(channel));
    }

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(
                new UnixDomainSocketEndPoint(path.StartsWith('@') ? $"\0{path[1..]}" : path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
