using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>The paths of a resource, from its row in the resource table alone.</summary>
internal sealed class PathBuilder(ResourceDefinition definition)
{
    private const string DeleteOptions = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";
    private const string Patch = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";
    private const string Status = "io.k8s.apimachinery.pkg.apis.meta.v1.Status";
    private const string WatchEvent = "io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent";

    private static readonly string[] AnyType = ["*/*"];

    private static readonly string[] PatchTypes =
    [
        "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
        "application/apply-patch+yaml",
    ];

    private readonly SchemaKind _kind = new(definition.Name.Group, definition.Version, definition.Kind);
    private readonly string? _schema =
        NameOf(definition, new SchemaKind(definition.Name.Group, definition.Version, definition.Kind));
    private readonly string? _list =
        NameOf(definition, new SchemaKind(definition.Name.Group, definition.Version, definition.Of.ListKind));

    /// <summary>Schemas that the paths refer to, beside those of meta.</summary>
    public IEnumerable<string> Roots => new[] { _schema, _list, DeleteOptions, Patch, Status, WatchEvent }
        .Concat(definition.Subresources.Select(s => NameOf(definition, KindOf(s))))
        .OfType<string>();

    /// <summary>The paths of the kind that can be asked anything: a question has no objects with names.</summary>
    public IEnumerable<ApiPath> Build() => All().Where(static p => p.Operations.Count > 0);

    private IEnumerable<ApiPath> All()
    {
        var root = definition.Name.Group.Length == 0
            ? $"/api/{definition.Version}"
            : $"/apis/{definition.Name.Group}/{definition.Version}";
        var collection = definition.Namespaced
            ? $"{root}/namespaces/{{namespace}}/{definition.Name.Plural}"
            : $"{root}/{definition.Name.Plural}";
        yield return new ApiPath(collection, [.. CollectionOperations()]);
        yield return new ApiPath($"{collection}/{{name}}", [.. ObjectOperations()]);
        foreach (var subresource in definition.Subresources)
        {
            yield return new ApiPath(
                $"{collection}/{{name}}/{subresource.Name}", [.. SubresourceOperations(subresource)]);
        }

        if (definition.Namespaced && Serves("list"))
        {
            yield return new ApiPath(
                $"{root}/{definition.Name.Plural}",
                [ListOperation(Id("list", "", "ForAllNamespaces", isScoped: false))]);
        }

        if (Serves("watch"))
        {
            foreach (var path in WatchPaths(root, collection))
            {
                yield return path;
            }
        }
    }

    /// <summary>The old way to watch, in which the path says it.</summary>
    private IEnumerable<ApiPath> WatchPaths(string root, string collection)
    {
        var watched = $"{root}/watch{collection[root.Length..]}";
        yield return new ApiPath(watched, [WatchOperation("watchlist", Id("watch", suffix: "List"))]);
        yield return new ApiPath($"{watched}/{{name}}", [WatchOperation("watch", Id("watch"))]);
        if (definition.Namespaced)
        {
            yield return new ApiPath(
                $"{root}/watch/{definition.Name.Plural}",
                [WatchOperation("watchlist", Id("watch", suffix: "ListForAllNamespaces", isScoped: false))]);
        }
    }

    /// <summary>The definition of a kind; null when the release publishes none.</summary>
    private static string? NameOf(ResourceDefinition definition, SchemaKind kind) =>
        definition.Of.IsCustom && kind.Group == definition.Name.Group
            ? StructuralBuilder.NameOf(kind)
            : BuiltInSchema.Find(kind) is { IsPublished: true } schema ? schema.Name
            : null;

    private SchemaKind KindOf(SubresourceDefinition subresource) => new(
        subresource.Group ?? definition.Name.Group, subresource.Version ?? definition.Version, subresource.Kind ?? definition.Kind);

    private IEnumerable<Operation> CollectionOperations()
    {
        if (Serves("list"))
        {
            yield return ListOperation(Id("list"));
        }

        if (Serves("create"))
        {
            yield return WriteOperation("post", "create", "", _kind, _schema);
        }

        if (Serves("deletecollection"))
        {
            yield return new Operation
            {
                Method = "delete", Action = "deletecollection", Id = Id("delete", "Collection"), Kind = _kind,
                Description = $"delete collection of {definition.Kind}", Parameters = QueryParameter.DeleteCollection,
                Consumes = AnyType, Body = DeleteOptions, Answer = Status,
            };
        }
    }

    private IEnumerable<Operation> ObjectOperations()
    {
        if (Serves("get"))
        {
            yield return ReadOperation("", _kind, _schema);
        }

        if (Serves("update"))
        {
            yield return WriteOperation("put", "replace", "", _kind, _schema);
        }

        if (Serves("patch"))
        {
            yield return PatchOperation("", _kind, _schema);
        }

        if (Serves("delete"))
        {
            yield return new Operation
            {
                Method = "delete", Action = "delete", Id = Id("delete"), Kind = _kind,
                Description = $"delete a {definition.Kind}",
                Parameters = QueryParameter.Delete, Consumes = AnyType, Body = DeleteOptions, Answer = Status,
                Codes = [200, 202],
            };
        }
    }

    private IEnumerable<Operation> SubresourceOperations(SubresourceDefinition subresource)
    {
        var kind = KindOf(subresource);
        var schema = NameOf(definition, kind);
        var suffix = char.ToUpperInvariant(subresource.Name[0]) + subresource.Name[1..];
        var connects = kind.Kind.EndsWith("Options", StringComparison.Ordinal);
        foreach (var verb in subresource.Verbs)
        {
            yield return verb switch
            {
                _ when connects => ConnectOperation(verb, suffix, kind),
                "get" => ReadOperation(suffix, kind, schema),
                "create" => WriteOperation("post", "create", suffix, kind, schema),
                "update" => WriteOperation("put", "replace", suffix, kind, schema),
                _ => PatchOperation(suffix, kind, schema),
            };
        }
    }

    /// <summary>Nothing is known of how lists of custom kinds are merged.</summary>
    private bool Takes(string patch) =>
        !definition.Of.IsCustom || !patch.Contains("strategic", StringComparison.Ordinal);

    private bool Serves(string verb) => definition.Verbs.Contains(verb);

    private Operation ListOperation(string id) => new()
    {
        Method = "get", Action = "list", Id = id, Kind = _kind,
        Description = $"list or watch objects of kind {definition.Kind}",
        Parameters = QueryParameter.List, Answer = _list, Produces = Operation.ListTypes,
    };

    private Operation WatchOperation(string action, string id) => new()
    {
        Method = "get", Action = action, Id = id, Kind = _kind,
        Description = $"watch changes to {(action == "watch" ? "an object" : "individual objects")} of kind {definition.Kind}. " +
            "deprecated: use the 'watch' parameter with a list operation instead",
        Parameters = QueryParameter.List, Answer = WatchEvent, Produces = Operation.ListTypes,
    };

    private Operation ReadOperation(string suffix, SchemaKind kind, string? schema) => new()
    {
        Method = "get", Action = "get", Id = Id("read", suffix: suffix), Kind = kind,
        Description = $"read {(suffix.Length == 0 ? "" : $"{suffix.ToLowerInvariant()} of ")}the specified {definition.Kind}", Answer = schema,
    };

    private Operation WriteOperation(string method, string verb, string suffix, SchemaKind kind, string? schema) =>
        new()
    {
        Method = method, Action = method, Id = Id(verb, suffix: suffix), Kind = kind,
        Description = $"{verb} {(suffix.Length == 0 ? "" : $"{suffix.ToLowerInvariant()} of ")}a {definition.Kind}",
        Parameters = QueryParameter.Write, Consumes = AnyType, Body = schema, Answer = schema,
        Codes = method == "post" ? [200, 201, 202] : [200, 201],
    };

    private Operation PatchOperation(string suffix, SchemaKind kind, string? schema) => new()
    {
        Method = "patch", Action = "patch", Id = Id("patch", suffix: suffix), Kind = kind,
        Description = $"partially update {(suffix.Length == 0 ? "" : $"{suffix.ToLowerInvariant()} of ")}the specified {definition.Kind}",
        Parameters = QueryParameter.Patch, Consumes = [.. PatchTypes.Where(Takes)], Body = Patch, Answer = schema,
        Codes = [200, 201],
    };

    private Operation ConnectOperation(string verb, string suffix, SchemaKind kind)
    {
        var method = verb switch { "create" => "post", "update" => "put", _ => verb };
        var title = char.ToUpperInvariant(method[0]) + method[1..];
        return new Operation
        {
            Method = method, Action = "connect", Id = Id("connect", title, suffix), Kind = kind,
            Description =
                $"connect {method.ToUpperInvariant()} requests to {suffix.ToLowerInvariant()} of {definition.Kind}",
        };
    }

    /// <summary>For example <c>readCoreV1NamespacedPodStatus</c>; generators of client code make method names of
    /// it.</summary>
    private string Id(string verb, string infix = "", string suffix = "", bool isScoped = true)
    {
        var group = definition.Name.Group.Length == 0 ? "core" : definition.Name.Group.Split('.')[0];
        var scope = definition.Namespaced && isScoped ? "Namespaced" : "";
        return $"{verb}{Title(group)}{Title(definition.Version)}{infix}{scope}{definition.Kind}{suffix}";
    }

    private static string Title(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
