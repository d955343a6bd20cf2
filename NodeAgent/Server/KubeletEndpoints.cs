using System.Net.Sockets;
using System.Net.WebSockets;
using Grpc.Core;
using k8s;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Stats;
using OrleansOrchestrator.NodeAgent.Volumes;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>The paths of the node's port, as the API server calls them.</summary>
public sealed partial class KubeletEndpoints(
    IPodRegistry pods,
    CriClient cri,
    PodDialer dialer,
    ContainerLogs logs,
    StatsEndpoints stats,
    VolumeEndpoints volumes,
    DebugEndpoints debug,
    StreamTimeouts timeouts,
    TimeProvider time,
    ILogger<KubeletEndpoints> logger)
{
    /// <summary>Adds the endpoints.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Map("/healthz", context => context.Response.WriteAsync("ok"));
        stats.Map(routes);
        volumes.Map(routes);
        debug.Map(routes);
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
            KubernetesJson.Serialize(new V1PodList { ApiVersion = "v1", Kind = "PodList", Items = [.. pods.List()] }));
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

        var previous = LogRequest.IsTrue(query["previous"]);
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

    private Task ExecAsync(HttpContext context)
    {
        var choice = StreamChoice.Read(context.Request.Query);
        return StreamAsync(context, choice, async cancellationToken =>
        {
            var request = new ExecRequest
            {
                ContainerId = RunningContainer(context, (_, name) => $"container not found (\"{name}\")").Id,
                Stdin = choice.Stdin, Stdout = choice.Stdout, Stderr = choice.Stderr, Tty = choice.Tty,
            };
            request.Cmd.AddRange(context.Request.Query["command"].Select(c => c ?? ""));
            return (await cri.Runtime.ExecAsync(request, cancellationToken: cancellationToken)).Url;
        });
    }

    private Task AttachAsync(HttpContext context)
    {
        var choice = StreamChoice.Read(context.Request.Query);
        return StreamAsync(context, choice, async cancellationToken =>
        {
            var id = RunningContainer(context, (pod, name) => $"container {name} not found in pod {pod}").Id;
            var request = choice.Attach(KnownPod(context).Pod, Route(context, "container"), id);
            return (await cri.Runtime.AttachAsync(request, cancellationToken: cancellationToken)).Url;
        });
    }

    private Task StreamAsync(HttpContext context, StreamChoice choice, Func<CancellationToken, Task<string>> open) =>
        GuardAsync(context, () => RemoteCommand.ServeAsync(context, choice, timeouts, async cancellationToken =>
        {
            try
            {
                return new Uri(await open(cancellationToken));
            }
            catch (RpcException failure)
            {
                throw new StreamRefusedException(CodeOf(failure.StatusCode), CriErrors.Text(failure));
            }
        }));

    private async Task GuardAsync(HttpContext context, Func<Task> serve)
    {
        try
        {
            await serve();
        }
        catch (StreamRefusedException refused) when (!context.Response.HasStarted)
        {
            await RefuseAsync(context, refused.Code, refused.Message);
        }
        catch (Exception failure) when (failure is IOException or SocketException && !context.Response.HasStarted)
        {
            await RefuseAsync(context, StatusCodes.Status500InternalServerError, failure.Message);
        }
        catch (Exception failure) when (
            failure is IOException or SocketException or WebSocketException or OperationCanceledException or TimeoutException)
        {
            LogStreamEnded(context.Request.Path, failure.Message);
        }
    }

    private Task PortForwardAsync(HttpContext context) => GuardAsync(context, () =>
    {
        var (pod, sandbox) = ReadyPod(context);
        var hostNetwork = pod.Spec.HostNetwork ?? false;
        var target = new ForwardTarget(
            pod.Metadata.Name,
            pod.Metadata.Uid,
            (port, cancellationToken) => dialer.ConnectAsync(sandbox, hostNetwork, port, cancellationToken));
        return new PortForward(target, timeouts, logger).ServeAsync(context);
    });

    // As upstream's kubelet and its streaming server: what the runtime does not know is 404, what is too much 429.
    private static int CodeOf(StatusCode code) => code switch
    {
        StatusCode.NotFound => StatusCodes.Status404NotFound,
        StatusCode.ResourceExhausted => StatusCodes.Status429TooManyRequests,
        _ => StatusCodes.Status500InternalServerError,
    };

    private ContainerRecord RunningContainer(HttpContext context, Func<string, string, string> missing)
    {
        var name = Route(context, "container");
        return KnownPod(context).Container(name) is { IsRunning: true } container
            ? container
            : throw new StreamRefusedException(500, missing(FullName(context), name));
    }

    private (V1Pod Pod, string Sandbox) ReadyPod(HttpContext context)
    {
        var pod = KnownPod(context);
        return pod.SandboxId is { } sandbox
            ? (pod.Pod, sandbox)
            : throw new StreamRefusedException(500, $"pod not found (\"{FullName(context)}\")");
    }

    private PodEntry KnownPod(HttpContext context) =>
        FindPod(context) ?? throw new StreamRefusedException(404, "pod does not exist");

    private PodEntry? FindPod(HttpContext context) =>
        pods.Find(Route(context, "podNamespace"), Route(context, "podName"));

    private static string FullName(HttpContext context) =>
        $"{Route(context, "podName")}_{Route(context, "podNamespace")}";

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

        var statuses = (pod.Pod.Status?.InitContainerStatuses ?? [])
            .Concat(pod.Pod.Status?.ContainerStatuses ?? [])
            .Concat(pod.Pod.Status?.EphemeralContainerStatuses ?? []);
        var reason = statuses.FirstOrDefault(s => s.Name == name)?.State?.Waiting?.Reason;
        var why = reason switch
        {
            "ErrImagePull" => "image can't be pulled",
            "ImagePullBackOff" => "trying and failing to pull image",
            _ => reason ?? "ContainerCreating",
        };
        return $"container {description} is waiting to start: {why}";
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
        services.AddSingleton<LocalVolumes>();
        services.AddSingleton<VolumeEndpoints>();
        services.AddSingleton<DebugEndpoints>();
        services.AddSingleton(provider => new StreamTimeouts(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<KubeletEndpoints>();
        return services.AddPart<KubeletServer>();
    }
}
