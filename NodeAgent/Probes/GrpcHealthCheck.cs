using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Probes.GrpcHealth;

namespace OrleansOrchestrator.NodeAgent.Probes;

/// <summary>
/// One question by <c>grpc.health.v1.Health</c>, answered in upstream's words (<c>pkg/probe/grpc</c>). As there, a
/// refused connection is tried again until the time is over: a server that comes up within it is healthy.
/// </summary>
internal sealed class GrpcHealthCheck(string address, int port, TimeSpan timeout, TimeProvider time)
{
    private static readonly TimeSpan ConnectAgain = TimeSpan.FromMilliseconds(100);

    private bool _connected;

    public async Task<HandlerResult> AskAsync(string service, CancellationToken cancellationToken)
    {
        var deadline = time.GetUtcNow() + timeout;
        using var limit = new CancellationTokenSource(timeout, time);
        using var channel = GrpcChannel.ForAddress($"http://{Endpoint}", new GrpcChannelOptions
        {
            HttpHandler = new Signed(new SocketsHttpHandler
            {
                UseProxy = false, ConnectCallback = (_, token) => ConnectAsync(limit.Token, token),
            }),
            DisposeHttpClient = true,
        });
        try
        {
            var answer = await new Health.HealthClient(channel).CheckAsync(
                new HealthCheckRequest { Service = service }, deadline: deadline.UtcDateTime,
                cancellationToken: cancellationToken);
            return answer.Status == HealthCheckResponse.Types.ServingStatus.Serving
                ? HandlerResult.Success("service healthy")
                : HandlerResult.Failure($"service unhealthy (responded with \"{NameOf(answer.Status)}\")");
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            return HandlerResult.Failure(Problem(exception));
        }
    }

    private string Endpoint =>
        address.Contains(':', StringComparison.Ordinal) ? $"[{address}]:{port}" : $"{address}:{port}";

    private string Problem(RpcException exception) => exception.StatusCode switch
    {
        _ when !_connected =>
            $"timeout: failed to connect service \"{Endpoint}\" within {GoDuration.Format(timeout)}: context deadline exceeded",
        StatusCode.Unimplemented =>
            $"error: this server does not implement the grpc health protocol (grpc.health.v1.Health): {exception.Status.Detail}",
        StatusCode.DeadlineExceeded => $"timeout: health rpc did not complete within {GoDuration.Format(timeout)}",
        _ => $"error: health rpc probe failed: {CriErrors.Text(exception)}",
    };

    private static string NameOf(HealthCheckResponse.Types.ServingStatus status) => status switch
    {
        HealthCheckResponse.Types.ServingStatus.NotServing => "NOT_SERVING",
        HealthCheckResponse.Types.ServingStatus.ServiceUnknown => "SERVICE_UNKNOWN",
        _ => status.ToString().ToUpperInvariant(),
    };

    private async ValueTask<Stream> ConnectAsync(CancellationToken limit, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit, cancellationToken);
        while (true)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(address), port), either.Token);
                _connected = true;
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException)
            {
                socket.Dispose();
                await Task.Delay(ConnectAgain, time, either.Token);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }

    /// <summary>Servers and meshes know probes by this name.</summary>
    private sealed class Signed(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Remove("User-Agent");
            request.Headers.TryAddWithoutValidation("User-Agent", $"{HandlerRunner.UserAgent} grpc-dotnet");
            return base.SendAsync(request, cancellationToken);
        }
    }
}
