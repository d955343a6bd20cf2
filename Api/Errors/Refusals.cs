using OrleansOrchestrator.Api.Pipeline;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Errors;

/// <summary>Refusals that the HTTP layer itself gives, in upstream's words.</summary>
public static class Refusals
{
    /// <summary>No such resource, version or subresource.</summary>
    public static readonly Status UnknownResource = new()
    {
        Code = 404,
        Reason = StatusReasons.NotFound,
        Message = "the server could not find the requested resource",
        Details = new StatusDetails(),
    };

    /// <summary>The path exists, the method does not.</summary>
    public static readonly Status MethodNotAllowed = new()
    {
        Code = 405,
        Reason = StatusReasons.MethodNotAllowed,
        Message = "the server does not allow this method on the requested resource",
        Details = new StatusDetails(),
    };

    /// <summary>
    /// Denied by authorization: <c>pods is forbidden: User "x" cannot list resource "pods" in API group "" in the
    /// namespace "y"</c>.
    /// </summary>
    public static Status Forbidden(UserIdentity user, RequestInfo request, string reason)
    {
        var who = $"User {GoText.Quote(user.Name)} cannot {request.Verb}";
        if (!request.IsResourceRequest)
        {
            return Denied(
                $"forbidden: {Explain($"{who} path {GoText.Quote(request.Path)}", reason)}", new StatusDetails());
        }

        var resource = request.Subresource.Length == 0 ? request.Resource : $"{request.Resource}/{request.Subresource}";
        var place = request.Namespace.Length == 0
            ? "at the cluster scope"
            : $"in the namespace {GoText.Quote(request.Namespace)}";
        var text = $"{who} resource {GoText.Quote(resource)} in API group {GoText.Quote(request.Group)} {place}";
        var named = request.Name.Length == 0
            ? request.ResourceName.Qualified
            : $"{request.ResourceName.Qualified} {GoText.Quote(request.Name)}";
        return Denied($"{named} is forbidden: {Explain(text, reason)}", new StatusDetails
        {
            Name = NullIfEmpty(request.Name), Group = NullIfEmpty(request.Group), Kind = request.Resource,
        });
    }

    private static Status Denied(string message, StatusDetails details) => new()
    {
        Code = 403, Reason = StatusReasons.Forbidden, Message = message, Details = details,
    };

    private static string Explain(string text, string reason) => reason.Length == 0 ? text : $"{text}: {reason}";

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
