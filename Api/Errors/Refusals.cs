using OrleansOrchestrator.Api.Kernel;
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

    /// <summary>Objects that are listed, but of which nobody knows when they change.</summary>
    public static Status WatchNotSupported(ResourceName resource) => MethodNotAllowed with
    {
        Message = $"watch is not supported on resources of kind {GoText.Quote(resource.Qualified)}",
        Details = new StatusDetails { Group = NullIfEmpty(resource.Group), Kind = resource.Plural },
    };

    /// <summary>Connections (exec, proxy and their like) cannot be tried.</summary>
    public static readonly Status DryRunNotSupported = StatusErrors.BadRequest("dryRun is not supported");

    /// <summary>
    /// Denied by authorization: <c>pods is forbidden: User "x" cannot list resource "pods" in API group "" in the
    /// namespace "y"</c>.
    /// </summary>
    public static Status Forbidden(AuthorizationAttributes wanted, string reason)
    {
        var who = $"User {GoText.Quote(wanted.User.Name)} cannot {wanted.Verb}";
        if (!wanted.IsResourceRequest)
        {
            return Denied(
                $"forbidden: {Explain($"{who} path {GoText.Quote(wanted.Path)}", reason)}", new StatusDetails());
        }

        var resource = wanted.Subresource.Length == 0 ? wanted.Resource : $"{wanted.Resource}/{wanted.Subresource}";
        var place = wanted.Namespace.Length == 0
            ? "at the cluster scope"
            : $"in the namespace {GoText.Quote(wanted.Namespace)}";
        var text = $"{who} resource {GoText.Quote(resource)} in API group {GoText.Quote(wanted.Group)} {place}";
        var qualified = new ResourceName(wanted.Group, wanted.Resource).Qualified;
        var named = wanted.Name.Length == 0 ? qualified : $"{qualified} {GoText.Quote(wanted.Name)}";
        return Denied($"{named} is forbidden: {Explain(text, reason)}", new StatusDetails
        {
            Name = NullIfEmpty(wanted.Name), Group = NullIfEmpty(wanted.Group), Kind = wanted.Resource,
        });
    }

    private static Status Denied(string message, StatusDetails details) => new()
    {
        Code = 403, Reason = StatusReasons.Forbidden, Message = message, Details = details,
    };

    private static string Explain(string text, string reason) => reason.Length == 0 ? text : $"{text}: {reason}";

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
