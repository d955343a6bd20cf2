namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// The group of the past, which is no object: <c>deletions/NAME</c> says which objects of a resource
/// (<c>pods</c>, <c>deployments.apps</c>) went, and when.
/// </summary>
public static class HistoryResources
{
    public const string Group = "history.orc.dev";
    public const string Version = "v1";
    public const string Deletions = "deletions";

    /// <summary>The resource that a name means.</summary>
    public static (string Group, string Plural) Of(string name) => name.Split('.', 2) is [var plural, var group]
        ? (group, plural)
        : ("", name);
}
