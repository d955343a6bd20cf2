using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>The right that a request needs, where it is another one than its path says.</summary>
internal static class RequestRights
{
    /// <summary>
    /// Kept lines are the pods' logs: who may get those may search and follow these, in the same place.
    /// </summary>
    public static AuthorizationAttributes Of(AuthorizationAttributes wanted) =>
        wanted is { Group: LogResources.Group, Resource: LogResources.Lines, Verb: "list" or "watch" or "get" }
            ? wanted with
            {
                Verb = "get", Group = "", Version = "v1", Resource = "pods", Subresource = "log", Name = "",
                FieldSelector = "", LabelSelector = "",
            }
            : wanted;
}
