using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Serving;

/// <summary>
/// Refusals of paths and methods of custom kinds, which upstream has no table of routes for: one handler looks at all.
/// </summary>
internal static class CustomRoutes
{
    /// <summary>Answers a request whose path or method does not exist.</summary>
    public static Task RefuseAsync(HttpContext context, RequestInfo request, ResourceDefinition definition)
    {
        var isNamespaced = request.Namespace.Length > 0;
        if (isNamespaced ? !definition.Namespaced : definition.Namespaced && request.Name.Length > 0)
        {
            return PlainText.NotFoundAsync(context);
        }

        return StatusJson.WriteAsync(
            context,
            request.Subresource.Length > 0 && !definition.HasSubresource(request.Subresource)
                ? StatusErrors.NotFound(definition.Name, request.Name)
                : NotSupported(definition.Name, request.Verb));
    }

    private static Status NotSupported(ResourceName resource, string verb) => new()
    {
        Code = 405,
        Reason = StatusReasons.MethodNotAllowed,
        Message = $"{verb} is not supported on resources of kind \"{resource.Qualified}\"",
        Details = new StatusDetails { Group = resource.Group, Kind = resource.Plural },
    };
}
