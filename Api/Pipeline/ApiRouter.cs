using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Pipeline;

/// <summary>
/// The terminal handler: reads the request, has it authorized, and hands it to whoever answers it. Authentication has
/// run before and left a
/// <see cref="UserIdentity"/> in the features; without one the user is anonymous.
/// </summary>
public sealed class ApiRouter(
    ResourceTable table,
    IAuthorizer authorizer,
    IEnumerable<IEndpointHandler> endpoints,
    IEnumerable<IConnectHandler> connections,
    IEnumerable<IListHandler> lists,
    IEnumerable<IWatchHandler> watches,
    ObjectHandler objects)
{
    private static readonly UserIdentity Anonymous =
        new() { Name = "system:anonymous", Groups = ["system:unauthenticated"] };

    private readonly IEndpointHandler[] _endpoints = [.. endpoints];
    private readonly IConnectHandler[] _connections = [.. connections];
    private readonly IListHandler? _lists = lists.LastOrDefault();
    private readonly IWatchHandler? _watches = watches.LastOrDefault();

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

        var read = ReadRequest(context.Request);
        if (!read.Succeeded)
        {
            await StatusJson.WriteAsync(context, read.Error);
            return;
        }

        var request = read.Value;
        context.Features.Set(request);
        var user = context.Features.Get<UserIdentity>() ?? Anonymous;
        var decision = await authorizer.AuthorizeAsync(user, request, context.RequestAborted);
        if (!decision.Allowed)
        {
            await StatusJson.WriteAsync(context, Refusals.Forbidden(user, request, decision.Reason));
            return;
        }

        await (request.IsResourceRequest ? RouteResourceAsync(context, request, user) : RouteEndpointAsync(context, request));
    }

    private static Outcome<RequestInfo> ReadRequest(HttpRequest request)
    {
        var watch = request.Query["watch"].ToString() is "1" or "t" or "T" or "true" or "TRUE" or "True";
        return RequestInfoReader.Read(request.Method, request.Path.Value ?? "/", watch, request.Query["fieldSelector"]);
    }

    private async Task RouteEndpointAsync(HttpContext context, RequestInfo request)
    {
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
        var definition = table.Find(request.ResourceName);
        if (definition is null || definition.Version != request.Version)
        {
            await RouteUnknownAsync(context, request, user);
            return;
        }

        if (RouteRules.Check(context.Request, request, definition) is { } refusal)
        {
            await StatusJson.WriteAsync(context, refusal);
            return;
        }

        if (definition.DeprecationWarning is { } warning)
        {
            WarningHeaders.Write(context.Response, [warning]);
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

        foreach (var connection in _connections)
        {
            if (request.Subresource.Length > 0 && await connection.TryHandleAsync(context, request, definition))
            {
                return;
            }
        }

        await objects.HandleAsync(context, request, definition, user);
    }

    /// <summary>
    /// A resource that is not served: an endpoint handler may still know the path; an unknown group is plain text, all
    /// else a Status.
    /// </summary>
    private async Task RouteUnknownAsync(HttpContext context, RequestInfo request, UserIdentity user)
    {
        if (request is { Group: "", Version: "v1", Resource: "bindings", Name: "", Namespace.Length: > 0 }
            && table.Find(WellKnown.Pods) is { } pods)
        {
            await (request.Verb == "create"
                ? objects.HandleBindingsAsync(context, request, pods, user)
                : StatusJson.WriteAsync(context, Refusals.MethodNotAllowed));
            return;
        }

        foreach (var endpoint in _endpoints)
        {
            if (await endpoint.TryHandleAsync(context, request))
            {
                return;
            }
        }

        if (request.Group.Length == 0 || table.All.Any(d => d.Name.Group == request.Group))
        {
            await StatusJson.WriteAsync(context, Refusals.UnknownResource);
            return;
        }

        await PlainText.NotFoundAsync(context);
    }
}
