using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>One path of the API and what can be done there.</summary>
/// <param name="Path">With parameters in braces.</param>
/// <param name="Operations">In upstream's order of methods.</param>
internal sealed record ApiPath(string Path, IReadOnlyList<Operation> Operations);

/// <summary>One method of a path, independent of the document's version.</summary>
internal sealed record Operation
{
    /// <summary>Media types of an object.</summary>
    public static IReadOnlyList<string> ObjectTypes { get; } =
        ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

    /// <summary>Media types of a list, which may be a watch.</summary>
    public static IReadOnlyList<string> ListTypes { get; } =
        [.. ObjectTypes, "application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];

    /// <summary>Lower-case HTTP method.</summary>
    public required string Method { get; init; }

    /// <summary><c>x-kubernetes-action</c>: get, list, watch, watchlist, post, put, patch, delete,
    /// deletecollection, connect; null where nothing stands for an object.</summary>
    public string? Action { get; init; }

    public required string Id { get; init; }

    public required string Description { get; init; }

    /// <summary>What it is about; null where nothing stands for an object.</summary>
    public SchemaKind? Kind { get; init; }

    public IReadOnlyList<QueryParameter> Parameters { get; init; } = [];

    /// <summary>Media types of the body; empty without a body.</summary>
    public IReadOnlyList<string> Consumes { get; init; } = [];

    /// <summary>Schema of the body.</summary>
    public string? Body { get; init; }

    /// <summary>Schema of the answer; null for what has none.</summary>
    public string? Answer { get; init; }

    /// <summary>Type of an answer without schema.</summary>
    public string PlainAnswer { get; init; } = "string";

    /// <summary>Media types of the answer.</summary>
    public IReadOnlyList<string> Produces { get; init; } = ObjectTypes;

    /// <summary>Status codes of success.</summary>
    public IReadOnlyList<int> Codes { get; init; } = [200];
}

/// <summary>A query parameter.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">string, boolean or integer.</param>
/// <param name="Description">What it does.</param>
internal sealed record QueryParameter(string Name, string Type, string Description)
{
    private static readonly QueryParameter DryRun = new(
        "dryRun", "string", "All goes through every step of the write, but stores nothing.");

    private static readonly QueryParameter FieldManager = new(
        "fieldManager", "string", "Who makes the change, in managedFields.");

    private static readonly QueryParameter FieldValidation = new(
        "fieldValidation",
        "string",
        "What to do with unknown or duplicate fields in the body. Valid values are: Ignore, Warn (the default), Strict.");

    /// <summary>Of creates and updates.</summary>
    public static IReadOnlyList<QueryParameter> Write { get; } = [DryRun, FieldManager, FieldValidation];

    /// <summary>Of patches.</summary>
    public static IReadOnlyList<QueryParameter> Patch { get; } =
        [DryRun, FieldManager, FieldValidation, new("force", "boolean", "Take over fields that other managers own; only for apply patches.")];

    /// <summary>Of deletes of one object.</summary>
    public static IReadOnlyList<QueryParameter> Delete { get; } =
    [
        DryRun,
        new("gracePeriodSeconds", "integer", "How many seconds the object may take to end; zero deletes it at once."),
        new("orphanDependents", "boolean", "Deprecated: use propagationPolicy."),
        new(
            "propagationPolicy",
            "string",
            "Whether and how dependents are collected: Orphan, Background or Foreground."),
    ];

    /// <summary>Of lists and watches.</summary>
    public static IReadOnlyList<QueryParameter> List { get; } =
    [
        new("allowWatchBookmarks", "boolean", "Requests watch events of type BOOKMARK."),
        new("continue", "string", "The token with which an earlier page ended."),
        new("fieldSelector", "string", "Restricts the list of returned objects to those with these field values."),
        new("labelSelector", "string", "Restricts the list of returned objects to those with these labels."),
        new("limit", "integer", "The largest number of objects in one answer; the rest is fetched with continue."),
        new("resourceVersion", "string", "A constraint on the version of the state that answers."),
        new("resourceVersionMatch", "string", "How resourceVersion is meant: NotOlderThan or Exact."),
        new(
            "sendInitialEvents",
            "boolean",
            "Begins a watch with the present state; needs watch=true and resourceVersionMatch=NotOlderThan."),
        new("timeoutSeconds", "integer", "How long the call may last, whatever happens."),
        new(
            "watch", "boolean",
            "Watch for changes to the described resources: they come as a stream of events instead of a list."),
    ];

    /// <summary>Of deletes of collections.</summary>
    public static IReadOnlyList<QueryParameter> DeleteCollection { get; } =
        [.. Delete, .. List.Where(p => p.Name is not ("watch" or "allowWatchBookmarks"))];
}
