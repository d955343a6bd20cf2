using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Serving;

/// <summary>
/// Which paths of a resource exist, and which methods they take: what upstream has as a table of routes.
/// </summary>
public static class RouteRules
{
    private static readonly string[] ProxyMethods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

    /// <summary>Null when the request may go on.</summary>
    public static Status? Check(HttpRequest http, RequestInfo request, ResourceDefinition definition)
    {
        if (!PathExists(request, definition))
        {
            return Refusals.UnknownResource;
        }

        return VerbExists(http, request, definition) ? null
            : request.Verb == "watch" && definition.Verbs.Contains("list") && HttpMethods.IsGet(http.Method)
                ? Refusals.WatchNotSupported(definition.Name)
            : Refusals.MethodNotAllowed;
    }

    private static bool PathExists(RequestInfo request, ResourceDefinition definition)
    {
        if (request.Verb == "proxy"
            || request.Name.Contains('%', StringComparison.Ordinal)
            || request.Parts.Any(p => p is "." or ".."))
        {
            return false;
        }

        if (request.IsWatchPath && (request.Subresource.Length > 0 || !definition.Verbs.Contains("watch")))
        {
            return false;
        }

        var isNamed = request.Parts.Count > 1;
        if (definition.Namespaced ? isNamed && request.Namespace.Length == 0 : !IsClusterScoped(request, definition))
        {
            return false;
        }

        return request.Subresource.Length == 0
            ? request.Parts.Count == 1 || (request.Parts.Count == 2 && HasNamedPaths(definition))
            : definition.HasSubresource(
                request.Subresource) && (request.Parts.Count == 3 || request.Subresource == "proxy");
    }

    /// <summary>What can only be asked has no objects with names.</summary>
    private static bool HasNamedPaths(ResourceDefinition definition) =>
        !definition.Of.IsVirtual || definition.Verbs.Contains("get");

    /// <summary>A path of a namespace itself names it twice over: as resource and as namespace.</summary>
    private static bool IsClusterScoped(RequestInfo request, ResourceDefinition definition) =>
        request.Namespace.Length == 0 || (definition.Name == WellKnown.Namespaces && request.Name == request.Namespace);

    private static bool VerbExists(HttpRequest http, RequestInfo request, ResourceDefinition definition)
    {
        if (request.Subresource == "proxy")
        {
            return ProxyMethods.Contains(http.Method);
        }

        // Paths of old name a watch themselves, whatever the method. Of custom kinds only the verb counts, which is
        // the same for GET and HEAD.
        if (request.Verb.Length == 0
            || (!definition.Of.IsCustom
                && (HttpMethods.IsHead(http.Method) || (request.Verb == "watch" && !HttpMethods.IsGet(http.Method)))))
        {
            return false;
        }

        if (request.Subresource.Length > 0)
        {
            return definition.Subresources.First(s => s.Name == request.Subresource).Verbs.Contains(request.Verb);
        }

        var isNamed = request.Parts.Count > 1;
        var takesName = request.Verb is "get" or "update" or "patch" or "delete";
        var takesNone = request.Verb is "create" or "list" or "deletecollection";
        var isAcrossNamespaces = definition.Namespaced && request.Namespace.Length == 0;
        return definition.Verbs.Contains(request.Verb) && !(takesName && !isNamed) && !(takesNone && isNamed) &&
            !(isAcrossNamespaces && request.Verb is ("create" or "deletecollection"));
    }
}
