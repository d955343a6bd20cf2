using System.Net.Sockets;
using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;

namespace OrleansOrchestrator.NodeAgent.Probes;

/// <summary>
/// Carries out what probes and lifecycle hooks ask: a command, an HTTP request, a connection, a gRPC health check.
/// </summary>
public sealed class HandlerRunner(CriClient cri, TimeProvider time) : IDisposable
{
    private const int MaxOutputCharacters = 10 * 1024;
    internal const string UserAgent = "kube-probe/1.36";

    private readonly HttpCheck _http = new();

    public void Dispose() => _http.Dispose();

    public async Task<HandlerResult> ExecAsync(
        HandlerTarget target, IEnumerable<string> command, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var request = new ExecSyncRequest { ContainerId = target.ContainerId, Timeout = (long)timeout.TotalSeconds };
        request.Cmd.AddRange(command);
        try
        {
            var answer = await cri.Runtime.ExecSyncAsync(request, cancellationToken: cancellationToken);
            var output = Bounded(answer.Stdout.ToStringUtf8() + answer.Stderr.ToStringUtf8());
            return answer.ExitCode == 0 ? HandlerResult.Success(output) : HandlerResult.Failure(output);
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.DeadlineExceeded)
        {
            return HandlerResult.Failure(
                $"command timed out: \"{string.Join(' ', request.Cmd)}\" timed out after {timeout.TotalSeconds}s");
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            // No such command, no runtime: nothing is known of the container.
            return HandlerResult.Unknown(CriErrors.Text(exception));
        }
    }

    public Task<HandlerResult> ProbeHttpAsync(
        HandlerTarget target, V1HTTPGetAction action, TimeSpan timeout, CancellationToken cancellationToken) =>
        _http.ProbeAsync(target, action, timeout, cancellationToken);

    public Task<HandlerResult> NotifyHttpAsync(
        HandlerTarget target, V1HTTPGetAction action, TimeSpan timeout, CancellationToken cancellationToken) =>
        _http.NotifyAsync(target, action, timeout, cancellationToken);

    public async Task<HandlerResult> ConnectAsync(
        HandlerTarget target, V1TCPSocketAction action, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (HandlerPorts.Find(target.Container, action.Port, out var problem) is not { } port)
        {
            return HandlerResult.Unknown(problem);
        }

        var host = string.IsNullOrEmpty(action.Host) ? target.PodIp : action.Host;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(host, port, limit.Token);
            return HandlerResult.Success();
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return HandlerResult.Failure($"dial tcp {DialErrors.Bracketed(host)}:{port}: i/o timeout");
        }
        catch (SocketException exception)
        {
            return HandlerResult.Failure(DialErrors.Describe(host, port, exception));
        }
    }

    public Task<HandlerResult> GrpcAsync(
        HandlerTarget target, V1GRPCAction action, TimeSpan timeout, CancellationToken cancellationToken) =>
        new GrpcHealthCheck(target.PodIp, action.Port, timeout, time).AskAsync(
            action.Service ?? "", cancellationToken);

    private static string Bounded(string text) =>
        text.Length <= MaxOutputCharacters ? text : text[..MaxOutputCharacters];
}
