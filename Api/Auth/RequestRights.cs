using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>The right that a request needs, where it is another one than its path says.</summary>
internal static class RequestRights
{
    /// <summary>
    /// Kept lines are the pods' logs: who may get those may search and follow these, in the same place. Of what went,
    /// who may list its kind there may know.
    /// </summary>
    public static AuthorizationAttributes Of(AuthorizationAttributes wanted) => wanted switch
    {
        { Group: LogResources.Group, Resource: LogResources.Lines, Verb: "list" or "watch" or "get" } => wanted with
        {
            Verb = "get", Group = "", Version = "v1", Resource = "pods", Subresource = "log", Name = "",
            FieldSelector = "", LabelSelector = "",
        },
        { Group: HistoryResources.Group, Resource: HistoryResources.Deletions, Verb: "get", Name.Length: > 0 } =>
            Listed(wanted, HistoryResources.Of(wanted.Name)),
        _ => wanted,
    };

    private static AuthorizationAttributes Listed(
        AuthorizationAttributes wanted, (string Group, string Plural) resource) => wanted with
    {
        Verb = "list", Group = resource.Group, Version = "*", Resource = resource.Plural, Subresource = "", Name = "",
        FieldSelector = "", LabelSelector = "",
    };
}
