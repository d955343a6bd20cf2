using System.Globalization;
using System.Net;
using System.Net.Sockets;
using k8s.Models;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Connections;
using OrleansOrchestrator.Resources.Kernel;
using Yarp.ReverseProxy.Forwarder;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>
/// Answers <c>proxy</c> of pods, services and nodes: plain HTTP, upgrades included, to what the cluster runs, by name.
/// Names may say more: <c>SCHEME:NAME:PORT</c>.
/// </summary>
public sealed class ProxyHandler(
    IResourceClient client, NodeConnections nodes, IHttpForwarder forwarder, ConnectAdmission admission)
    : IConnectHandler, IDisposable
{
    private readonly ProxyConnections _connections = new();

    private sealed record Target(Uri Address, HttpMessageInvoker Invoker);

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request, ResourceDefinition definition)
    {
        if (request.Subresource != "proxy")
        {
            return false;
        }

        var failure = await ForwardAsync(context, request, definition);
        if (failure is not null)
        {
            await StatusJson.WriteAsync(context, failure);
        }

        return true;
    }

    public void Dispose() => _connections.Dispose();

    private async Task<Status?> ForwardAsync(HttpContext context, RequestInfo request, ResourceDefinition definition)
    {
        if (new QueryReader(context.Request.Query).Has("dryRun"))
        {
            return Refusals.DryRunNotSupported;
        }

        var asked = PathOf(request);
        var admitted = await admission.AdmitAsync(context, request, definition, OptionsOf(request, asked));
        if (!admitted.Succeeded)
        {
            return admitted.Error;
        }

        var found = await TargetAsync(request, context.RequestAborted);
        if (!found.Succeeded)
        {
            return found.Error;
        }

        var path = ProxyPath.Of(context.Request, request);
        var wanted = admitted.Value.Path ?? "";
        path = wanted == asked ? path : path.To(wanted);
        if (path.IsRoot
            && !Forwarding.IsUpgrade(context.Request)
            && (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method)))
        {
            // Relative links of a page at the root would otherwise lead out of the proxy.
            context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
            context.Response.Headers.Location = $"{path.Prefix}/{context.Request.QueryString}";
            return null;
        }

        var exact = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true };
        var address = found.Value.Address.GetLeftPart(UriPartial.Authority);
        return Uri.TryCreate(
            $"{address}{(path.IsRoot ? "/" : path.Rest)}{context.Request.QueryString}", exact, out var target)
            ? await Forwarding.SendAsync(forwarder, context, target, found.Value.Invoker, path)
            : StatusErrors.BadRequest($"invalid path {GoText.Quote(path.Rest)}");
    }

    /// <summary>
    /// What follows <c>proxy</c>, as upstream's options have it: with a slash before it, if anything.
    /// </summary>
    private static string PathOf(RequestInfo request)
    {
        const int Below = 3;
        var path = string.Join('/', request.Parts.Skip(Below));
        path = path.Length > 0 && !path.StartsWith('/') ? $"/{path}" : path;
        return request.Path.EndsWith('/') && !path.EndsWith('/') ? $"{path}/" : path;
    }

    private static ProxyOptions OptionsOf(RequestInfo request, string path) => request.Resource switch
    {
        "pods" => new PodProxyOptions { Path = path },
        "services" => new ServiceProxyOptions { Path = path },
        _ => new NodeProxyOptions { Path = path },
    };

    private async ValueTask<Outcome<Target>> TargetAsync(RequestInfo request, CancellationToken cancellationToken)
    {
        if (ProxyDestination.Parse(request.Name) is not { } destination)
        {
            return StatusErrors.BadRequest(
                $"invalid {request.Resource.TrimEnd('s')} request {GoText.Quote(request.Name)}");
        }

        if (request.Resource == "nodes")
        {
            return await NodeAsync(destination, cancellationToken);
        }

        var address = request.Resource == "pods"
            ? await PodAsync(request.Namespace, destination, cancellationToken)
            : await ServiceAsync(request.Namespace, destination, request.Name, cancellationToken);
        return address.Succeeded ? new Target(address.Value, _connections.Invoker) : address.Error;
    }

    // The node's own port is known to speak for the node, and is shown our certificate; to any other port we are a
    // stranger.
    private async ValueTask<Outcome<Target>> NodeAsync(
        ProxyDestination destination, CancellationToken cancellationToken)
    {
        var node = await nodes.AddressAsync(destination.Name, cancellationToken);
        if (!node.Succeeded)
        {
            return node.Error;
        }

        if (destination.Port.Length == 0 || destination.Port == node.Value.Port.ToString(CultureInfo.InvariantCulture))
        {
            return new Target(node.Value, await nodes.InvokerAsync(destination.Name, cancellationToken));
        }

        // What a name leads to is judged when it is connected to.
        if (IPAddress.TryParse(node.Value.Host, out var host) && !ProxyAddresses.IsAllowed(host))
        {
            return StatusErrors.BadRequest("address not allowed");
        }

        var address = Address(destination.Scheme, node.Value.Host, destination.Port);
        return address.Succeeded ? new Target(address.Value, _connections.Invoker) : address.Error;
    }

    private async ValueTask<Outcome<Uri>> PodAsync(
        string space, ProxyDestination destination, CancellationToken cancellationToken)
    {
        var found = await client.GetAsync(
            WellKnown.Pods, new ObjectKey(space, destination.Name), ReadFreshness.Linearizable, cancellationToken);
        if (!found.Succeeded)
        {
            return found.Error;
        }

        var pod = found.Value.As<V1Pod>();
        if (!IPAddress.TryParse(pod.Status?.PodIP, out var address) || !ProxyAddresses.IsAllowed(address))
        {
            return StatusErrors.BadRequest("address not allowed");
        }

        var port = destination.Port.Length > 0
            ? destination.Port
            : pod.Spec.Containers.SelectMany(c => c.Ports ?? []).FirstOrDefault(
                p => p.ContainerPort > 0)?.ContainerPort.ToString(CultureInfo.InvariantCulture);
        return Address(destination.Scheme, HostOf(address), port);
    }

    // Through the endpoints rather than the service's address: the silo need not run on a node.
    private async ValueTask<Outcome<Uri>> ServiceAsync(
        string space, ProxyDestination destination, string asked, CancellationToken cancellationToken)
    {
        var key = new ObjectKey(space, destination.Name);
        var service = await client.GetAsync(WellKnown.Services, key, ReadFreshness.Linearizable, cancellationToken);
        if (!service.Succeeded)
        {
            return service.Error;
        }

        // A port may be given by number; endpoints know names only.
        var name = destination.Port;
        if (long.TryParse(name, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            if (service.Value.As<V1Service>().Spec.Ports?.FirstOrDefault(p => p.Port == number) is not { } port)
            {
                return Unavailable(
                    $"no service port {number.ToString(CultureInfo.InvariantCulture)} found for service {GoText.Quote(destination.Name)}");
            }

            name = port.Name ?? "";
        }

        var found = await client.GetAsync(WellKnown.Endpoints, key, ReadFreshness.Linearizable, cancellationToken);
        if (!found.Succeeded)
        {
            // Clients are told of the service, not of its endpoints.
            return found.Error.Code == 404 ? StatusErrors.NotFound(WellKnown.Services, destination.Name) : found.Error;
        }

        if (found.Value.As<V1Endpoints>().Subsets is not { Count: > 0 } subsets)
        {
            return Unavailable($"no endpoints available for service {GoText.Quote(destination.Name)}");
        }

        var candidates = subsets
            .SelectMany(
                s => (s.Ports ?? []).Where(p => (p.Name ?? "") == name).SelectMany(
                    p => (s.Addresses ?? []).Select(a => (Address: a, p.Port))))
            .ToArray();
        Chance.Source.Shuffle(candidates);
        foreach (var (address, port) in candidates)
        {
            if (await PodIpAsync(space, address, cancellationToken) is { } ip)
            {
                return Address(destination.Scheme, HostOf(ip), port.ToString(CultureInfo.InvariantCulture));
            }
        }

        return Unavailable($"no endpoints available for service {GoText.Quote(asked)}");
    }

    // Endpoints are written by users: only an address that a pod of the same namespace really has is gone to.
    private async ValueTask<IPAddress?> PodIpAsync(
        string space, V1EndpointAddress address, CancellationToken cancellationToken)
    {
        if (address.TargetRef is not { } pod
            || pod.NamespaceProperty != space
            || !IPAddress.TryParse(address.Ip, out var ip)
            || !ProxyAddresses.IsAllowed(ip))
        {
            return null;
        }

        var found = await client.GetAsync(
            WellKnown.Pods, new ObjectKey(space, pod.Name), ReadFreshness.Linearizable, cancellationToken);
        return found.Succeeded && found.Value.As<V1Pod>().Status?.PodIPs?.Any(i => i.Ip == address.Ip) == true
            ? ip : null;
    }

    private static Status Unavailable(string message) => StatusErrors.ServiceUnavailable(message, 0);

    private static string HostOf(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();

    private static Outcome<Uri> Address(string scheme, string host, string? port)
    {
        var number = port is { Length: > 0 } ? port : scheme == "https" ? "443" : "80";
        return ushort.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out _)
            && Uri.TryCreate($"{scheme}://{host}:{number}", UriKind.Absolute, out var address)
            ? address
            : StatusErrors.BadRequest($"invalid port {GoText.Quote(number)}");
    }
}
