using System.Net.Sockets;
using System.Net.WebSockets;
using Grpc.Core;
using k8s;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Stats;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>The paths of the node's port, as the API server calls them.</summary>
public sealed partial class KubeletEndpoints(
    IPodRegistry pods,
    CriClient cri,
    PodDialer dialer,
    ContainerLogs logs,
    StatsEndpoints stats,
    StreamTimeouts timeouts,
    TimeProvider time,
    ILogger<KubeletEndpoints> logger)
{
    /// <summary>Adds the endpoints.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Map("/healthz", context => context.Response.WriteAsync("ok"));
        stats.Map(routes);
        routes.Map("/pods", ListPodsAsync);
        routes.Map("/containerLogs/{podNamespace}/{podName}/{container}", LogsAsync);
        routes.Map("/exec/{podNamespace}/{podName}/{container}", ExecAsync);
        routes.Map("/attach/{podNamespace}/{podName}/{container}", AttachAsync);
        routes.Map("/portForward/{podNamespace}/{podName}", PortForwardAsync);
    }

    private Task ListPodsAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(
            KubernetesJson.Serialize(new k8s.Models.V1PodList { ApiVersion = "v1", Kind = "PodList", Items = [.. pods.List()] }));
    }

    private async Task LogsAsync(HttpContext context)
    {
        var query = context.Request.Query;
        var name = Route(context, "container");
        if (FindPod(context) is not { } pod)
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, PodMissing(context));
            return;
        }

        var previous = StreamChoice.IsTrue(query["previous"]);
        var container = previous ? pod.PreviousContainer(name) : pod.Container(name);
        if (container is null || !File.Exists(container.LogPath))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, NoLog(pod, name, previous));
            return;
        }

        context.Response.ContentType = "text/plain";
        try
        {
            var key = (Route(context, "podNamespace"), Route(context, "podName"));
            bool IsRunning() =>
                pods.Find(key.Item1, key.Item2)?.Container(name) is { } now && now.Id == container.Id && now.IsRunning;
            var request = LogRequest.Read(query, time.GetUtcNow());
            await logs.CopyAsync(
                container.LogPath, request, IsRunning, context.Response.Body, context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            LogClientGone(context.Request.Path);
        }
    }

    private async Task ExecAsync(HttpContext context)
    {
        if (await RunningContainerAsync(context) is not { } container)
        {
            return;
        }

        var choice = StreamChoice.Read(context.Request.Query);
        await StreamAsync(context, choice, async cancellationToken =>
        {
            var request = new ExecRequest
            {
                ContainerId = container.Id, Stdin = choice.Stdin, Stdout = choice.Stdout, Stderr = choice.Stderr,
                Tty = choice.Tty,
            };
            request.Cmd.AddRange(context.Request.Query["command"].Select(c => c ?? ""));
            return new Uri((await cri.Runtime.ExecAsync(request, cancellationToken: cancellationToken)).Url);
        });
    }

    private async Task AttachAsync(HttpContext context)
    {
        if (await RunningContainerAsync(context) is not { } container)
        {
            return;
        }

        var choice = StreamChoice.Read(context.Request.Query);
        await StreamAsync(context, choice, async cancellationToken =>
        {
            var request = new AttachRequest
            {
                ContainerId = container.Id, Stdin = choice.Stdin, Stdout = choice.Stdout, Stderr = choice.Stderr,
                Tty = choice.Tty,
            };
            return new Uri((await cri.Runtime.AttachAsync(request, cancellationToken: cancellationToken)).Url);
        });
    }

    private async Task StreamAsync(HttpContext context, StreamChoice choice, Func<CancellationToken, Task<Uri>> open)
    {
        try
        {
            await RemoteCommand.ServeAsync(context, choice, timeouts, open);
        }
        catch (Exception failure) when (
            failure is RpcException or IOException or SocketException && !context.Response.HasStarted)
        {
            var message = failure is RpcException rpc ? CriErrors.Text(rpc) : failure.Message;
            await RefuseAsync(context, StatusCodes.Status500InternalServerError, message);
        }
        catch (Exception failure) when (
            failure is IOException or WebSocketException or OperationCanceledException or TimeoutException)
        {
            LogStreamEnded(context.Request.Path, failure.Message);
        }
    }

    private async Task PortForwardAsync(HttpContext context)
    {
        if (FindPod(context) is not { SandboxId: { } sandbox } pod)
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, PodMissing(context));
            return;
        }

        var hostNetwork = pod.Pod.Spec.HostNetwork ?? false;
        var target = new ForwardTarget(
            $"{pod.Pod.Metadata.Name}, uid : {pod.Pod.Metadata.Uid}",
            (port, cancellationToken) => dialer.ConnectAsync(sandbox, hostNetwork, port, cancellationToken));
        await new PortForward(target, timeouts, logger).ServeAsync(context);
    }

    private async Task<ContainerRecord?> RunningContainerAsync(HttpContext context)
    {
        var name = Route(context, "container");
        if (FindPod(context)?.Container(name) is { IsRunning: true } container)
        {
            return container;
        }

        await RefuseAsync(
            context, StatusCodes.Status404NotFound, $"unable to upgrade connection: container not found (\"{name}\")");
        return null;
    }

    private PodEntry? FindPod(HttpContext context) =>
        pods.Find(Route(context, "podNamespace"), Route(context, "podName"));

    private static string PodMissing(HttpContext context) =>
        $"pod \"{Route(context, "podName")}\" in namespace \"{Route(context, "podNamespace")}\" not found";

    // Upstream's validateContainerLogStatus: the reason for waiting tells the user why there is no log.
    private static string NoLog(PodEntry pod, string name, bool previous)
    {
        var description = $"\"{name}\" in pod \"{pod.Pod.Metadata.Name}\"";
        if (previous)
        {
            return $"previous terminated container {description} not found";
        }

        var statuses = (pod.Pod.Status?.InitContainerStatuses ?? []).Concat(pod.Pod.Status?.ContainerStatuses ?? []);
        var reason = statuses.FirstOrDefault(s => s.Name == name)?.State?.Waiting?.Reason;
        return reason is "ErrImagePull" or "ImagePullBackOff"
            ? $"container {description} is waiting to start: trying and failing to pull image"
            : $"container {description} is waiting to start: {reason ?? "ContainerCreating"}";
    }

    private static async Task RefuseAsync(HttpContext context, int code, string message)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(message);
    }

    private static string Route(HttpContext context, string name) => (string)context.Request.RouteValues[name]!;

    [LoggerMessage(1, LogLevel.Debug, "The reader of {Path} has gone")]
    private partial void LogClientGone(string path);

    [LoggerMessage(2, LogLevel.Debug, "The stream {Path} ended early: {Problem}")]
    private partial void LogStreamEnded(string path, string problem);
}

/// <summary>Registration of the node's HTTPS port.</summary>
public static class KubeletServerServices
{
    /// <summary>Adds the server; it stays silent when the options name no certificate.</summary>
    public static IServiceCollection AddKubeletServer(this IServiceCollection services)
    {
        services.AddSingleton<PodDialer>();
        services.AddSingleton<ContainerLogs>();
        services.AddSingleton(provider => new StreamTimeouts(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<KubeletEndpoints>();
        return services.AddPart<KubeletServer>();
    }
}
