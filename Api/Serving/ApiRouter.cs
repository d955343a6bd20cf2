using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Aggregation;
using OrleansOrchestrator.Api.Audit;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.CustomResources;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Metrics;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Serving;

/// <summary>
/// The terminal handler: reads the request, finds out who asks and whether they may, and hands it to whoever answers
/// it.
/// <see cref="RequestInfo"/> and <see cref="UserIdentity"/> are in the request's features from then on.
/// </summary>
public sealed class ApiRouter(
    ResourceCatalog catalog,
    CustomKindSource customKinds,
    RequestAccess access,
    RequestGate gate,
    ApiForwarder forwarder,
    IEnumerable<IEndpointHandler> endpoints,
    IEnumerable<IConnectHandler> connections,
    IEnumerable<IListHandler> lists,
    IEnumerable<IWatchHandler> watches,
    IEnumerable<AuditLog> audits,
    ApiMetrics metrics,
    ObjectHandler objects)
{
    private readonly IEndpointHandler[] _endpoints = [.. endpoints];
    private readonly IConnectHandler[] _connections = [.. connections];
    private readonly IListHandler? _lists = lists.LastOrDefault();
    private readonly IWatchHandler? _watches = watches.LastOrDefault();
    private readonly AuditLog? _audit = audits.LastOrDefault();

    /// <summary>
    /// Answers one request. Failures of the environment are mapped by <see cref="FailureMapper"/> around this.
    /// </summary>
    public async Task HandleAsync(HttpContext context)
    {
        if (RawPath.Refuse(context) is { } refused)
        {
            await refused;
            return;
        }

        QueryReader.Use(context);
        var read = ReadRequest(context.Request);
        if (!read.Succeeded)
        {
            await StatusJson.WriteAsync(context, read.Error);
            return;
        }

        var request = read.Value;
        context.Features.Set(request);
        if (gate.Refuse(context.Request, request) is { } refusal)
        {
            await (_audit?.RefuseAsync(context, request, refusal.Code, refusal.Message) ?? default);
            await StatusJson.WriteAsync(context, refusal);
            return;
        }

        var sender = await access.AuthenticateAsync(context);
        if (sender is null)
        {
            await (_audit?.RefuseAsync(context, request) ?? default);
            await StatusJson.WriteAsync(context, StatusErrors.Unauthorized());
            return;
        }

        if (_audit is { } audit
            && !await audit.BeginAsync(context, request, sender, RequestGate.LastsLong(request)))
        {
            await PlainText.InternalErrorAsync(context, AuditLog.NotKept);
            return;
        }

        var user = await access.ActAsync(context, request, sender);
        if (!user.Succeeded)
        {
            await StatusJson.WriteAsync(context, user.Error);
            return;
        }

        context.Features.Set(user.Value);
        await gate.RunAsync(context, request, user.Value, AuthorizeAsync);
    }

    private async Task AuthorizeAsync(HttpContext context, RequestInfo request, UserIdentity user)
    {
        if (await access.RefuseAsync(context, request, user) is { } refusal)
        {
            await (refusal.Code == StatusCodes.Status500InternalServerError
                ? PlainText.InternalErrorAsync(context, refusal)
                : StatusJson.WriteAsync(context, refusal));
            return;
        }

        if (await forwarder.TryForwardAsync(context, request, user))
        {
            return;
        }

        await (request.IsResourceRequest ? RouteResourceAsync(context, request, user) : RouteEndpointAsync(context, request));
    }

    private static Outcome<RequestInfo> ReadRequest(HttpRequest request)
    {
        var query = new QueryReader(request.Query);
        return RequestInfoReader.Read(
            request.Method,
            RawPath.Read(request),
            query.Flag("watch"),
            query.OptionalText("fieldSelector"),
            query.OptionalText("labelSelector"));
    }

    private async Task RouteEndpointAsync(HttpContext context, RequestInfo request)
    {
        customKinds.CatchUp();
        foreach (var endpoint in _endpoints)
        {
            if (await endpoint.TryHandleAsync(context, request))
            {
                return;
            }
        }

        await PlainText.NotFoundAsync(context);
    }

    private async Task RouteResourceAsync(HttpContext context, RequestInfo request, UserIdentity user)
    {
        var definition = catalog.Current.Find(request.ResourceName, request.Version);
        if (definition is null && await customKinds.RefreshAsync(context.RequestAborted))
        {
            definition = catalog.Current.Find(request.ResourceName, request.Version);
        }

        if (definition is null)
        {
            await RouteUnknownAsync(context, request);
            return;
        }

        if (RouteRules.Check(context.Request, request, definition) is { } refusal)
        {
            await (definition.Of.IsCustom
                ? CustomRoutes.RefuseAsync(context, request, definition)
                : StatusJson.WriteAsync(context, refusal));
            return;
        }

        if (definition.DeprecationWarning is { } warning)
        {
            SayDeprecated(context, request, warning);
        }

        switch (request.Verb)
        {
            case "list" when _lists is not null && request.Subresource.Length == 0:
                await _lists.ListAsync(context, request, definition);
                return;
            case "watch" when _watches is not null && request.Subresource.Length == 0:
                await _watches.WatchAsync(context, request, definition);
                return;
        }

        if (request.Subresource.Length > 0 && await TryConnectAsync(context, request, definition))
        {
            return;
        }

        if (definition.Of.CreatesAt is { } meant)
        {
            request = request with { Subresource = meant.Name };
            definition = catalog.Current.Find(meant.Resource)!;
        }

        await objects.HandleAsync(context, request, definition, user);
    }

    private void SayDeprecated(HttpContext context, RequestInfo request, string warning)
    {
        WarningHeaders.Write(context.Response, [warning]);
        metrics.Deprecate(request);
        AuditRecord.Of(context)?.Annotate("k8s.io/deprecated", "true");
    }

    private async ValueTask<bool> TryConnectAsync(
        HttpContext context, RequestInfo request, ResourceDefinition definition)
    {
        using var open = request.Subresource is "attach" or "exec" or "portforward" or "proxy"
            ? metrics.CountLongRunning(request)
            : null;
        foreach (var connection in _connections)
        {
            if (await connection.TryHandleAsync(context, request, definition))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// A resource that is not served: an endpoint handler may still know the path; an unknown group is plain text, all
    /// else a Status.
    /// </summary>
    private async Task RouteUnknownAsync(HttpContext context, RequestInfo request)
    {
        foreach (var endpoint in _endpoints)
        {
            if (await endpoint.TryHandleAsync(context, request))
            {
                return;
            }
        }

        if (request.Group.Length == 0 || catalog.Current.All.Any(d => d.Name.Group == request.Group))
        {
            await StatusJson.WriteAsync(context, Refusals.UnknownResource);
            return;
        }

        await PlainText.NotFoundAsync(context);
    }
}
