using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;

namespace OrleansOrchestrator.NodeAgent.Probes;

/// <summary>How one check went; the output is what events show.</summary>
public readonly record struct HandlerResult(bool Succeeded, string Output);

/// <summary>The container that a handler acts on.</summary>
public sealed record HandlerTarget(V1Container Container, string ContainerId, string PodIp);

/// <summary>
/// Carries out what probes and lifecycle hooks ask: a command, an HTTP request, a connection, a gRPC health check.
/// </summary>
public sealed class HandlerRunner : IDisposable
{
    private const int MaxOutputCharacters = 10 * 1024;
    internal const string UserAgent = "kube-probe/1.36";

    private readonly CriClient _cri;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;

    public HandlerRunner(CriClient cri, TimeProvider time)
    {
        _cri = cri;
        _time = time;
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            PooledConnectionLifetime = TimeSpan.Zero, // a probe measures a new connection
            UseProxy = false,
            UseCookies = false,
            SslOptions = new System.Net.Security.SslClientAuthenticationOptions
            {
#pragma warning disable CA5359 // a probe asks whether somebody answers, not who: upstream verifies nothing either
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
            },
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public void Dispose() => _http.Dispose();

    public async Task<HandlerResult> ExecAsync(
        HandlerTarget target, IEnumerable<string> command, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var request = new ExecSyncRequest { ContainerId = target.ContainerId, Timeout = (long)timeout.TotalSeconds };
        request.Cmd.AddRange(command);
        try
        {
            var answer = await _cri.Runtime.ExecSyncAsync(request, cancellationToken: cancellationToken);
            var output = answer.Stdout.ToStringUtf8() + answer.Stderr.ToStringUtf8();
            return new HandlerResult(answer.ExitCode == 0, Bounded(output));
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.DeadlineExceeded)
        {
            return new HandlerResult(
                false,
                $"command timed out: \"{string.Join(' ', request.Cmd)}\" timed out after {timeout.TotalSeconds}s");
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            return new HandlerResult(false, CriErrors.Text(exception));
        }
    }

    public async Task<HandlerResult> HttpGetAsync(
        HandlerTarget target, V1HTTPGetAction action, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (Port(target.Container, action.Port) is not { } port)
        {
            return new HandlerResult(
                false, $"couldn't find port: {action.Port?.Value} in container {target.Container.Name}");
        }

        var scheme = action.Scheme?.ToLowerInvariant() ?? "http";
        var host = string.IsNullOrEmpty(action.Host) ? target.PodIp : action.Host;
        var path = "/" + (action.Path ?? "").TrimStart('/');
        var url = $"{scheme}://{Bracketed(host)}:{port}{path}";
        using var limit = Limit(timeout, cancellationToken);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.TryAddWithoutValidation("User-Agent", UserAgent);
            request.Headers.TryAddWithoutValidation("Accept", "*/*");
            foreach (var header in action.HttpHeaders ?? [])
            {
                request.Headers.Remove(header.Name);
                request.Headers.TryAddWithoutValidation(header.Name, header.Value);
            }

            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            var ok = (int)answer.StatusCode is >= (int)HttpStatusCode.OK and < (int)HttpStatusCode.BadRequest;
            return new HandlerResult(ok, ok ? "" : $"HTTP probe failed with statuscode: {(int)answer.StatusCode}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new HandlerResult(
                false, $"Get \"{url}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
        }
        catch (HttpRequestException exception)
        {
            return new HandlerResult(false, $"Get \"{url}\": {Dial(host, port, exception)}");
        }
        catch (UriFormatException exception)
        {
            return new HandlerResult(false, $"Get \"{url}\": {exception.Message}");
        }
    }

    public async Task<HandlerResult> ConnectAsync(
        HandlerTarget target, V1TCPSocketAction action, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (Port(target.Container, action.Port) is not { } port)
        {
            return new HandlerResult(
                false, $"couldn't find port: {action.Port?.Value} in container {target.Container.Name}");
        }

        var host = string.IsNullOrEmpty(action.Host) ? target.PodIp : action.Host;
        using var limit = Limit(timeout, cancellationToken);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(host, port, limit.Token);
            return new HandlerResult(true, "");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new HandlerResult(false, $"dial tcp {Bracketed(host)}:{port}: i/o timeout");
        }
        catch (SocketException exception)
        {
            return new HandlerResult(false, Dial(host, port, exception));
        }
    }

    public Task<HandlerResult> GrpcAsync(
        HandlerTarget target, V1GRPCAction action, TimeSpan timeout, CancellationToken cancellationToken) =>
        new GrpcHealthCheck(target.PodIp, action.Port, timeout, _time).AskAsync(
            action.Service ?? "", cancellationToken);

    /// <summary>A port by number, or by the name it has in the container.</summary>
    public static int? Port(V1Container container, IntOrString? port)
    {
        if (int.TryParse(port?.Value, System.Globalization.CultureInfo.InvariantCulture, out var number))
        {
            return number is > 0 and < 65536 ? number : null;
        }

        return container.Ports?.FirstOrDefault(p => p.Name == port?.Value)?.ContainerPort;
    }

    private CancellationTokenSource Limit(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        return limit;
    }

    private static string Dial(string host, int port, Exception exception)
    {
        var socket = exception as SocketException ?? exception.InnerException as SocketException;
        return socket?.SocketErrorCode switch
        {
            SocketError.ConnectionRefused => $"dial tcp {Bracketed(host)}:{port}: connect: connection refused",
            SocketError.HostUnreachable => $"dial tcp {Bracketed(host)}:{port}: connect: no route to host",
            SocketError.TimedOut => $"dial tcp {Bracketed(host)}:{port}: connect: connection timed out",
            SocketError.ConnectionReset => "read: connection reset by peer",
            _ => (exception.InnerException ?? exception).Message,
        };
    }

    private static string Bracketed(string host) => host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;

    private static string Bounded(string text) =>
        text.Length <= MaxOutputCharacters ? text : text[..MaxOutputCharacters];
}
