using k8s.Models;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Connections;
using OrleansOrchestrator.Resources.Kernel;
using Yarp.ReverseProxy.Forwarder;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>
/// Answers <c>pods/{log,exec,attach,portforward}</c>: finds the pod's node and hands the request on to it, upgraded
/// connections (WebSocket and SPDY) included. Which pods and containers are acceptable, and in which words not, is
/// upstream's <c>registry/core/pod/strategy.go</c>.
/// </summary>
public sealed class PodConnectHandler(
    IResourceClient client, NodeConnections nodes, IHttpForwarder forwarder, ConnectAdmission admission,
    AuthorizerChain authorizers)
    : IConnectHandler
{
    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request, ResourceDefinition definition)
    {
        if (definition.Name != WellKnown.Pods
            || request.Subresource is not ("log" or "exec" or "attach" or "portforward"))
        {
            return false;
        }

        var failure = await AnswerAsync(context, request, definition);
        if (failure is not null)
        {
            await StatusJson.WriteAsync(context, failure);
        }

        return true;
    }

    private async Task<Status?> AnswerAsync(HttpContext context, RequestInfo request, ResourceDefinition definition)
    {
        if (request.Subresource == "log")
        {
            return await LogAsync(context, request);
        }

        var query = context.Request.Query;
        if (new QueryReader(query).Has("dryRun"))
        {
            return Refusals.DryRunNotSupported;
        }

        var asked = PodStreamOptions.Read(request.Subresource, query);
        var admitted = asked.Succeeded
            ? await admission.AdmitAsync(context, request, definition, asked.Value)
            : asked;
        if (!admitted.Succeeded)
        {
            return admitted.Error;
        }

        if (await RefuseAsync(context, request) is { } refusal)
        {
            return refusal;
        }

        var pod = await PodAsync(request, context.RequestAborted);
        return pod.Succeeded ? await ConnectAsync(context, request, pod.Value, admitted.Value) : pod.Error;
    }

    /// <summary>A WebSocket begins with a GET, and needs the right to POST all the same: it does as much.</summary>
    private async ValueTask<Status?> RefuseAsync(HttpContext context, RequestInfo request)
    {
        var wanted = request.By(context.Features.GetRequiredFeature<UserIdentity>());
        if (wanted.Verb == "create")
        {
            return null;
        }

        var decision = await authorizers.AuthorizeAsync(wanted with { Verb = "create" }, context.RequestAborted);
        return decision.IsAllowed ? null
            : decision.Failure.Length > 0 ? StatusErrors.Unknown(decision.Failure)
            : StatusErrors.Forbidden(WellKnown.Pods, request.Name, decision.Reason);
    }

    private async Task<Status?> ConnectAsync(
        HttpContext context, RequestInfo request, V1Pod pod, ConnectOptions options)
    {
        var passed = PodStreamOptions.ForNode(options);
        if (options is not PodAttachOptions streams)
        {
            return await StreamAsync(context, pod, $"portForward/{PathOf(pod)}{passed}");
        }

        var container = ContainerOf(pod, streams.Container ?? "");
        return container.Succeeded
            ? await StreamAsync(context, pod, $"{request.Subresource}/{PathOf(pod)}/{container.Value}{passed}")
            : container.Error;
    }

    private async ValueTask<Outcome<V1Pod>> PodAsync(RequestInfo request, CancellationToken cancellationToken)
    {
        var found = await client.GetAsync(WellKnown.Pods, request.Key, ReadFreshness.Linearizable, cancellationToken);
        return found.Succeeded ? found.Value.As<V1Pod>() : found.Error;
    }

    private async Task<Status?> LogAsync(HttpContext context, RequestInfo request)
    {
        var query = PodLogOptions.Read(request.Name, context.Request.Query);
        if (!query.Succeeded)
        {
            return query.Error;
        }

        var pod = await PodAsync(request, context.RequestAborted);
        if (!pod.Succeeded)
        {
            return pod.Error;
        }

        var container = ContainerOf(pod.Value, new QueryReader(context.Request.Query).Text("container"));
        if (!container.Succeeded)
        {
            return container.Error;
        }

        if (string.IsNullOrEmpty(pod.Value.Spec.NodeName))
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return null;
        }

        var node = await NodeOfAsync(pod.Value, context.RequestAborted);
        if (!node.Succeeded)
        {
            return node.Error;
        }

        var path = $"containerLogs/{PathOf(pod.Value)}/{container.Value}{query.Value}";
        using var message = new HttpRequestMessage(HttpMethod.Get, new Uri(node.Value, path));
        try
        {
            var invoker = await nodes.InvokerAsync(
                pod.Value.Spec.NodeName,
                context.RequestAborted,
                verifies: !PodLogOptions.SkipsVerification(context.Request.Query));
            using var response = await invoker.SendAsync(message, context.RequestAborted);
            return await PodLogs.SendAsync(context, request.Name, response);
        }
        catch (HttpRequestException exception)
        {
            return StatusErrors.Unknown(
                $"Get \"{message.RequestUri}\": {Forwarding.Why(exception, node.Value)}");
        }
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

        return Forwarding.IsUpgrade(context.Request)
            ? await Forwarding.SendAsync(
                forwarder, context, new Uri(node.Value, path),
                await nodes.InvokerAsync(pod.Spec.NodeName, context.RequestAborted))
            : StatusErrors.BadRequest("Upgrade request required");
    }

    private static string PathOf(V1Pod pod) => $"{pod.Metadata.NamespaceProperty}/{pod.Metadata.Name}";

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
            // Init and ephemeral containers are never meant when nobody names them.
            return pod.Spec.Containers is [var only]
                ? only.Name
                : StatusErrors.BadRequest(
                    $"a container name must be specified for pod {pod.Metadata.Name}, choose one of: [{string.Join(' ', names)}]");
        }

        return names.Contains(requested)
            ? requested
            : StatusErrors.BadRequest($"container {requested} is not valid for pod {pod.Metadata.Name}");
    }
}
