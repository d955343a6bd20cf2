using System.Globalization;
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

        var previous = IsTrue(query["previous"]);
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
            bool IsRunning() => pods.Find(key.Item1, key.Item2)?.Container(name) is { } now && now.Id == container.Id && now.IsRunning;
            await logs.CopyAsync(container.LogPath, LogRequestOf(query), IsRunning, context.Response.Body, context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            LogClientGone(context.Request.Path);
        }
    }

    private LogRequest LogRequestOf(IQueryCollection query)
    {
        DateTimeOffset? since = null;
        if (Number(query["sinceSeconds"]) is { } seconds)
        {
            since = time.GetUtcNow().AddSeconds(-seconds);
        }
        else if (DateTimeOffset.TryParse(
            query["sinceTime"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment))
        {
            since = moment;
        }

        return new LogRequest
        {
            Follow = IsTrue(query["follow"]),
            Timestamps = IsTrue(query["timestamps"]),
            Since = since,
            TailLines = Number(query["tailLines"]),
            LimitBytes = Number(query["limitBytes"]),
            Stream = query["stream"].ToString() is { Length: > 0 } stream ? stream : "All",
        };
    }

    private async Task ExecAsync(HttpContext context)
    {
        if (await RunningContainerAsync(context) is not { } container)
        {
            return;
        }

        var choice = ChoiceOf(context.Request.Query);
        await RemoteCommand.ServeAsync(context, choice, async cancellationToken =>
        {
            var request = new ExecRequest
            {
                ContainerId = container.Id, Stdin = choice.Stdin, Stdout = choice.Stdout, Stderr = choice.Stderr && !choice.Tty, Tty = choice.Tty,
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

        var choice = ChoiceOf(context.Request.Query);
        await RemoteCommand.ServeAsync(context, choice, async cancellationToken =>
        {
            var request = new AttachRequest
            {
                ContainerId = container.Id, Stdin = choice.Stdin, Stdout = choice.Stdout, Stderr = choice.Stderr && !choice.Tty, Tty = choice.Tty,
            };
            return new Uri((await cri.Runtime.AttachAsync(request, cancellationToken: cancellationToken)).Url);
        });
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
        await new PortForward(target, logger).ServeAsync(context);
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

    private PodEntry? FindPod(HttpContext context) => pods.Find(Route(context, "podNamespace"), Route(context, "podName"));

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

    private static StreamChoice ChoiceOf(IQueryCollection query) => new(
        Stdin: IsTrue(query["input"]) || IsTrue(query["stdin"]),
        Stdout: IsTrue(query["output"]) || IsTrue(query["stdout"]),
        Stderr: IsTrue(query["error"]) || IsTrue(query["stderr"]),
        Tty: IsTrue(query["tty"]));

    private static string Route(HttpContext context, string name) => (string)context.Request.RouteValues[name]!;

    private static bool IsTrue(string? text) => text is "1" or "true" or "True" or "TRUE" or "t" or "T";

    private static long? Number(string? text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    [LoggerMessage(1, LogLevel.Debug, "The reader of {Path} has gone")]
    private partial void LogClientGone(string path);
}

/// <summary>Registration of the node's HTTPS port.</summary>
public static class KubeletServerServices
{
    /// <summary>Adds the server; it stays silent when the options name no certificate.</summary>
    public static IServiceCollection AddKubeletServer(this IServiceCollection services)
    {
        services.AddSingleton<PodDialer>();
        services.AddSingleton<ContainerLogs>();
        services.AddSingleton<KubeletEndpoints>();
        return services.AddPart<KubeletServer>();
    }
}
