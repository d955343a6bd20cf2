using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.FlowControl;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Kubelet;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Yarp.ReverseProxy.Forwarder;

namespace OrleansOrchestrator.Api.Aggregation;

/// <summary>
/// Hands requests for group versions that others serve on to them: lists, watches and upgrades alike, each as it came
/// but for its credentials. The server behind learns the user from this one, who has authenticated and authorized it.
/// </summary>
public sealed class ApiForwarder(
    RemoteApiBook book, ServiceResolver services, RemoteConnections connections, ProxyCertificate certificate,
    IHttpForwarder forwarder, TimeProvider time, IMeterFactory meters)
{
    private const string Unavailable = "service unavailable";

    /// <summary>A client would show its credentials, meant for this server, wherever it is sent.</summary>
    private const string Redirected = "the backend attempted to redirect this request, which is not permitted";

    private static readonly ForwarderRequestConfig Config = Forwarding.Config with
    {
        Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    /// <summary>Upstream's bound on requests for a group version's discovery.</summary>
    private static readonly TimeSpan DiscoveryTimeout = TimeSpan.FromSeconds(5);

    private readonly CertificateNotes _notes = CertificateNotes.Of(meters, "kube_aggregator");

    /// <summary>False when the group version is none of another server; then nothing has been written.</summary>
    public async ValueTask<bool> TryForwardAsync(HttpContext context, RequestInfo request, UserIdentity user)
    {
        if (!MayBeRemote(request.Path) || book.IsEmpty
            || GroupVersionIn(request.Path) is not var (group, version)
            || await book.FindAsync(group, version, context.RequestAborted) is not { } api)
        {
            return false;
        }

        context.Features.Get<WatchStart>()?.End();
        if (Forwarding.IsUpgrade(context.Request) || context.WebSockets.IsWebSocketRequest)
        {
            context.Features.Get<RequestDeadline>()?.Lift();
        }

        await ForwardAsync(context, api, request.Path, user, request.IsResourceRequest ? null : DiscoveryTimeout);
        return true;
    }

    /// <summary>Spares most requests the taking apart of their path.</summary>
    private static bool MayBeRemote(string path)
    {
        var below = path.AsSpan().TrimStart('/');
        return below.StartsWith("apis/", StringComparison.Ordinal)
            || below.StartsWith("openapi/v3/apis/", StringComparison.Ordinal);
    }

    /// <summary>
    /// Whose business a path is: that of what is below the group version, or of its OpenAPI document. A path that the
    /// other server might read otherwise than it was authorized is nobody's.
    /// </summary>
    private static (string Group, string Version)? GroupVersionIn(string path)
    {
        var steps = path.Trim('/').Split('/');
        return path.Contains('%', StringComparison.Ordinal) || steps.Contains("") ? null : steps switch
        {
            ["apis", var group, var version, ..] => (group, version),
            ["openapi", "v3", "apis", var group, var version] => (group, version),
            _ => null,
        };
    }

    /// <summary>Hands a request on.</summary>
    /// <param name="context">The request and its answer.</param>
    /// <param name="api">Who is to answer.</param>
    /// <param name="path">What it is asked for: the path as it was authorized, whatever escapes it came with.</param>
    /// <param name="user">For whom.</param>
    /// <param name="limit">How long that may take; null for as long as the request may.</param>
    private async Task ForwardAsync(
        HttpContext context, RemoteApi api, string path, UserIdentity user, TimeSpan? limit)
    {
        var gone = context.RequestAborted;
        var endpoint = api.IsAvailable
            ? await services.ResolveAsync(api.Target.Service!.Value, api.Target.Port, gone)
            : StatusErrors.ServiceUnavailable(Unavailable);
        if (!endpoint.Succeeded)
        {
            await PlainText.ServiceUnavailableAsync(context, Unavailable);
            return;
        }

        using var over = limit is { } bound ? new CancellationTokenSource(bound, time) : new CancellationTokenSource();
        using var both = CancellationTokenSource.CreateLinkedTokenSource(gone, over.Token);
        var exact = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true };
        var place = new Uri(
            $"{api.Target.Origin}{new PathString(path).ToUriComponent()}{context.Request.QueryString}", exact);
        var target = api.Target with { ClientPem = await certificate.GetAsync(gone) };
        var audit = AuditRecord.Of(context);
        var transformer = new ToApi(
            place, endpoint.Value, user, () => _notes.Note(connections.FlawsOf(target), target.Host, audit));
        var error = await forwarder.SendAsync(
            context, api.Target.Origin, connections.Of(target), Config, transformer, both.Token);
        if (error == ForwarderError.None)
        {
            return;
        }

        var failure = context.Features.Get<IForwarderErrorFeature>()?.Exception;
        _notes.Note(RemoteFailure.FlawsOf(failure), target.Host, audit);
        if (context.Response.HasStarted)
        {
            return;
        }

        gone.ThrowIfCancellationRequested();
        AnswerHeaders.Restart(context.Response);
        await PlainText.ServiceUnavailableAsync(
            context, $"error trying to reach service: {Why(failure, over, transformer, error)}");
    }

    private static string Why(
        Exception? failure, CancellationTokenSource over, ToApi transformer, ForwarderError error) =>
        transformer.BadHeader is { } header ? $"net/http: invalid header field value for {GoText.Quote(header)}"
            : over.IsCancellationRequested ? "context deadline exceeded"
            : failure is not null ? RemoteFailure.Words(failure)
            : error.ToString();

    /// <param name="place">What the other server is asked for.</param>
    /// <param name="endpoint">Where it is.</param>
    /// <param name="user">For whom.</param>
    /// <param name="answered">Is called when the head of its answer is there.</param>
    private sealed class ToApi(Uri place, DnsEndPoint endpoint, UserIdentity user, Action answered) : HttpTransformer
    {
        /// <summary>What of the user cannot be said in a header.</summary>
        public string? BadHeader { get; private set; }

        public override async ValueTask TransformRequestAsync(
            HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix,
            CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
            proxyRequest.RequestUri = place;
            proxyRequest.Headers.Host = null;
            Forwarding.AddClient(httpContext, proxyRequest);
            if (!Forwarding.IsUpgrade(httpContext.Request))
            {
                Forwarding.AddPlace(proxyRequest, place, endpoint);
            }

            BadHeader = RemoteUser.Write(proxyRequest.Headers, user);
            if (BadHeader is not null)
            {
                throw new InvalidOperationException("The user cannot be told.");
            }
        }

        public override async ValueTask<bool> TransformResponseAsync(
            HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
        {
            if (proxyResponse is not null)
            {
                answered();
            }

            if (proxyResponse is { StatusCode: >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest }
                && proxyResponse.Headers.NonValidated.Contains("Location"))
            {
                await PlainText.BadGatewayAsync(httpContext, Redirected);
                return false;
            }

            Forwarding.RemoveCrossOrigin(proxyResponse);

            // Of what both servers say, the word of the one that answers counts.
            foreach (var header in proxyResponse?.Headers.NonValidated ?? default)
            {
                httpContext.Response.Headers.Remove(header.Key);
            }

            return await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        }
    }
}
