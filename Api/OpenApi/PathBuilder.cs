using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>The paths of a resource, from its row in the resource table alone.</summary>
internal sealed class PathBuilder(ResourceDefinition definition, DefinitionCatalogue schemas)
{
    private const string DeleteOptions = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";
    private const string Patch = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";
    private const string Status = "io.k8s.apimachinery.pkg.apis.meta.v1.Status";

    private static readonly string[] AnyType = ["*/*"];

    private static readonly string[] PatchTypes =
    [
        "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
        "application/apply-patch+yaml",
    ];

    private readonly SchemaKind _kind = new(definition.Name.Group, definition.Version, definition.Kind);
    private readonly string? _schema =
        schemas.Find(new SchemaKind(definition.Name.Group, definition.Version, definition.Kind));
    private readonly string? _list =
        schemas.Find(new SchemaKind(definition.Name.Group, definition.Version, $"{definition.Kind}List"));

    /// <summary>Schemas that the paths refer to, beside those of meta.</summary>
    public IEnumerable<string> Roots => new[] { _schema, _list, DeleteOptions, Patch, Status }
        .Concat(definition.Subresources.Select(s => schemas.Find(KindOf(s))))
        .OfType<string>();

    public IEnumerable<ApiPath> Build()
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

        if (definition.Namespaced)
        {
            yield return new ApiPath(
                $"{root}/{definition.Name.Plural}",
                [ListOperation(Id("list", "", "ForAllNamespaces", isScoped: false))]);
        }
    }

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
        var schema = schemas.Find(kind);
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

    private bool Serves(string verb) => definition.Verbs.Contains(verb);

    private Operation ListOperation(string id) => new()
    {
        Method = "get", Action = "list", Id = id, Kind = _kind,
        Description = $"list or watch objects of kind {definition.Kind}",
        Parameters = QueryParameter.List, Answer = _list,
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
        Parameters = QueryParameter.Patch, Consumes = PatchTypes, Body = Patch, Answer = schema, Codes = [200, 201],
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
