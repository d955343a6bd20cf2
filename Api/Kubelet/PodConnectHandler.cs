using k8s.Models;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Pipeline;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Yarp.ReverseProxy.Forwarder;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>
/// Answers <c>pods/{log,exec,attach,portforward}</c>: finds the pod's node and hands the request on to it, upgraded
/// connections (WebSocket and SPDY) included. Which pods and containers are acceptable, and in which words not, is
/// upstream's <c>registry/core/pod/strategy.go</c>.
/// </summary>
public sealed class PodConnectHandler(
    IResourceClient client, NodeConnections nodes, IHttpForwarder forwarder) : IConnectHandler
{
    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request, ResourceDefinition definition)
    {
        if (definition.Name != WellKnown.Pods
            || request.Subresource is not ("log" or "exec" or "attach" or "portforward"))
        {
            return false;
        }

        var pod =
            await client.GetAsync(WellKnown.Pods, request.Key, ReadFreshness.Linearizable, context.RequestAborted);
        var failure = pod.Succeeded ? await ConnectAsync(context, request, pod.Value.As<V1Pod>()) : pod.Error;
        if (failure is not null)
        {
            await StatusJson.WriteAsync(context, failure);
        }

        return true;
    }

    private Task<Status?> ConnectAsync(HttpContext context, RequestInfo request, V1Pod pod) =>
        request.Subresource switch
    {
        "log" => LogAsync(context, pod),
        "portforward" => StreamAsync(context, pod, $"portForward/{pod.Metadata.NamespaceProperty}/{pod.Metadata.Name}"),
        _ => CommandAsync(context, request, pod),
    };

    private async Task<Status?> LogAsync(HttpContext context, V1Pod pod)
    {
        var query = PodLogOptions.Read(pod.Metadata.Name, context.Request.Query);
        if (!query.Succeeded)
        {
            return query.Error;
        }

        var container = ContainerOf(pod, context.Request.Query["container"].ToString());
        if (!container.Succeeded)
        {
            return container.Error;
        }

        if (string.IsNullOrEmpty(pod.Spec.NodeName))
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return null;
        }

        var node = await NodeOfAsync(pod, context.RequestAborted);
        if (!node.Succeeded)
        {
            return node.Error;
        }

        var path = $"containerLogs/{pod.Metadata.NamespaceProperty}/{pod.Metadata.Name}/{container.Value}";
        using var message = new HttpRequestMessage(HttpMethod.Get, new Uri(node.Value, $"{path}?{query.Value}"));
        try
        {
            var invoker = await nodes.InvokerAsync(context.RequestAborted);
            using var response = await invoker.SendAsync(message, context.RequestAborted);
            return await CopyLogAsync(context, response);
        }
        catch (HttpRequestException exception)
        {
            var text = $"Get \"{message.RequestUri}\": {Forwarding.Why(exception, node.Value)}";
            return new Status { Code = 500, Reason = "", Message = text };
        }
    }

    private static async Task<Status?> CopyLogAsync(HttpContext context, HttpResponseMessage response)
    {
        if (!response.IsSuccessStatusCode)
        {
            var text = await response.Content.ReadAsStringAsync(context.RequestAborted);
            return response.StatusCode == System.Net.HttpStatusCode.NotFound
                ? new Status { Code = 404, Reason = StatusReasons.NotFound, Message = text }
                : StatusErrors.BadRequest(text);
        }

        context.Response.ContentType = "text/plain";
        await context.Response.StartAsync(context.RequestAborted);
        await using var content = await response.Content.ReadAsStreamAsync(context.RequestAborted);
        await content.CopyToAsync(context.Response.Body, context.RequestAborted);
        return null;
    }

    private Task<Status?> CommandAsync(HttpContext context, RequestInfo request, V1Pod pod)
    {
        var container = ContainerOf(pod, context.Request.Query["container"].ToString());
        return container.Succeeded
            ? StreamAsync(
                context, pod, $"{request.Subresource}/{pod.Metadata.NamespaceProperty}/{pod.Metadata.Name}/{container.Value}")
            : Task.FromResult<Status?>(container.Error);
    }

    private async Task<Status?> StreamAsync(HttpContext context, V1Pod pod, string path)
    {
        if (string.IsNullOrEmpty(pod.Spec.NodeName))
        {
            return StatusErrors.BadRequest($"pod {pod.Metadata.Name} does not have a host assigned");
        }

        var node = await NodeOfAsync(pod, context.RequestAborted);
        if (!node.Succeeded)
        {
            return node.Error;
        }

        var target = new Uri(node.Value, path + context.Request.QueryString);
        return await Forwarding.SendAsync(forwarder, context, target, await nodes.InvokerAsync(context.RequestAborted));
    }

    // A node that is missing is reported as a pod of that name, by upstream too: clients see this text.
    private async ValueTask<Outcome<Uri>> NodeOfAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        var address = await nodes.AddressAsync(pod.Spec.NodeName, cancellationToken);
        return address is { Succeeded: false, Error.Code: 404 }
            ? StatusErrors.NotFound(WellKnown.Pods, pod.Spec.NodeName)
            : address;
    }

    private static Outcome<string> ContainerOf(V1Pod pod, string requested)
    {
        var names = (pod.Spec.InitContainers ?? []).Select(c => c.Name)
            .Concat(pod.Spec.Containers.Select(c => c.Name))
            .Concat((pod.Spec.EphemeralContainers ?? []).Select(c => c.Name))
            .ToList();
        if (requested.Length == 0)
        {
            return names.Count == 1
                ? names[0]
                : StatusErrors.BadRequest(
                    $"a container name must be specified for pod {pod.Metadata.Name}, choose one of: [{string.Join(' ', names)}]");
        }

        return names.Contains(requested)
            ? requested
            : StatusErrors.BadRequest($"container {requested} is not valid for pod {pod.Metadata.Name}");
    }
}
