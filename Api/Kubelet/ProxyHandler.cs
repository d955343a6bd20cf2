using System.Globalization;
using System.Net;
using k8s.Models;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Pipeline;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Yarp.ReverseProxy.Forwarder;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>Answers <c>proxy</c> of pods, services and nodes: plain HTTP to what the cluster runs, by name.</summary>
public sealed class ProxyHandler(IResourceClient client, NodeConnections nodes, IHttpForwarder forwarder) : IConnectHandler, IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    private readonly HttpMessageInvoker _plain = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false, UseCookies = false, UseProxy = false, ConnectTimeout = ConnectTimeout,

        // As upstream: pods' certificates are signed by authorities that the API does not know.
#pragma warning disable CA5359
        SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
#pragma warning restore CA5359
    });

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request, ResourceDefinition definition)
    {
        if (request.Subresource != "proxy")
        {
            return false;
        }

        var target = await TargetAsync(request, context.RequestAborted);
        var failure = target.Succeeded
            ? await Forwarding.SendAsync(
                forwarder,
                context,
                new Uri($"{target.Value.ToString().TrimEnd('/')}/{string.Join('/', request.Parts.Skip(3))}{context.Request.QueryString}"),
                definition.Name == WellKnown.Nodes ? await nodes.InvokerAsync(context.RequestAborted) : _plain)
            : target.Error;
        if (failure is not null)
        {
            await StatusJson.WriteAsync(context, failure);
        }

        return true;
    }

    public void Dispose() => _plain.Dispose();

    private async ValueTask<Outcome<Uri>> TargetAsync(RequestInfo request, CancellationToken cancellationToken)
    {
        if (request.Resource == "nodes")
        {
            return await nodes.AddressAsync(request.Name.Split(':')[0], cancellationToken);
        }

        if (Destination.Parse(request.Name) is not { } destination)
        {
            return StatusErrors.BadRequest($"invalid {request.Resource.TrimEnd('s')} request {GoText.Quote(request.Name)}");
        }

        return request.Resource == "pods"
            ? await PodAsync(request.Namespace, destination, cancellationToken)
            : await ServiceAsync(request.Namespace, destination, cancellationToken);
    }

    private async ValueTask<Outcome<Uri>> PodAsync(string space, Destination destination, CancellationToken cancellationToken)
    {
        var found = await client.GetAsync(
            WellKnown.Pods, new ObjectKey(space, destination.Name), ReadFreshness.Linearizable, cancellationToken);
        if (!found.Succeeded)
        {
            return found.Error;
        }

        var pod = found.Value.As<V1Pod>();
        if (!IPAddress.TryParse(pod.Status?.PodIP, out var address) || IPAddress.IsLoopback(address))
        {
            return StatusErrors.BadRequest("address not allowed");
        }

        var port = destination.Port.Length > 0
            ? destination.Port
            : pod.Spec.Containers.SelectMany(c => c.Ports ?? []).FirstOrDefault()?.ContainerPort.ToString(CultureInfo.InvariantCulture);
        return Address(destination.Scheme, address.ToString(), port);
    }

    // Through the endpoints rather than the service's address: the silo need not run on a node.
    private async ValueTask<Outcome<Uri>> ServiceAsync(string space, Destination destination, CancellationToken cancellationToken)
    {
        var found = await client.GetAsync(
            WellKnown.Endpoints, new ObjectKey(space, destination.Name), ReadFreshness.Linearizable, cancellationToken);
        if (!found.Succeeded)
        {
            return StatusErrors.NotFound(WellKnown.Services, destination.Name);
        }

        var service = await client.GetAsync(
            WellKnown.Services, new ObjectKey(space, destination.Name), ReadFreshness.Linearizable, cancellationToken);
        if (!service.Succeeded)
        {
            return service.Error;
        }

        var name = PortName(service.Value.As<V1Service>(), destination.Port);
        var candidates = (found.Value.As<V1Endpoints>().Subsets ?? [])
            .SelectMany(s => (s.Addresses ?? []).Select(a => (a.Ip, (s.Ports ?? []).FirstOrDefault(p => name is null || (p.Name ?? "") == name)?.Port)))
            .Where(c => c.Port is not null)
            .ToList();
        if (name is "\0" || candidates.Count == 0)
        {
            return StatusErrors.ServiceUnavailable($"no endpoints available for service {GoText.Quote(destination.Name)}", 0);
        }

        var (ip, port) = candidates[Random.Shared.Next(candidates.Count)];
        return Address(destination.Scheme, ip, port!.Value.ToString(CultureInfo.InvariantCulture));
    }

    // A service's port may be given by name or number; endpoints know names only. Null is any, "\0" is none.
    private static string? PortName(V1Service service, string port)
    {
        if (port.Length == 0)
        {
            return service.Spec.Ports is { Count: 1 } only ? only[0].Name ?? "" : null;
        }

        var match = service.Spec.Ports?.FirstOrDefault(
            p => p.Name == port || p.Port.ToString(CultureInfo.InvariantCulture) == port);
        return match is null ? "\0" : match.Name ?? "";
    }

    private static Outcome<Uri> Address(string scheme, string host, string? port)
    {
        var number = port is { Length: > 0 } ? port : scheme == "https" ? "443" : "80";
        return Uri.TryCreate($"{scheme}://{host}:{number}", UriKind.Absolute, out var address)
            ? address
            : StatusErrors.BadRequest($"invalid port {GoText.Quote(number)}");
    }

    /// <summary><c>[SCHEME:]NAME[:PORT]</c>.</summary>
    private sealed record Destination(string Scheme, string Name, string Port)
    {
        public static Destination? Parse(string text)
        {
            var parts = text.Split(':');
            return parts switch
            {
                [var name] when name.Length > 0 => new Destination("http", name, ""),
                [var name, var port] when name.Length > 0 => new Destination("http", name, port),
                ["http" or "https" or "", var name, var port] when name.Length > 0 =>
                    new Destination(parts[0].Length == 0 ? "http" : parts[0], name, port),
                _ => null,
            };
        }
    }
}
