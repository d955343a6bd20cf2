using System.Text.Json.Nodes;
using OrleansOrchestrator.Api.OpenApi;
using OrleansOrchestrator.Resources;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.OpenApi;

/// <summary>
/// Our definitions against those that upstream publishes with the release, on machines that have its
/// <c>swagger.json</c>.
/// </summary>
public sealed class ReleaseDefinitionsTests
{
    private const string Prefix = "#/definitions/";
    private const string Meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";

    /// <summary>
    /// Not all: a few fields of this release are gone from the client models, and their texts with them.
    /// </summary>
    private const double LeastDescribedShare = 0.95;

    /// <summary>What paths take and answer that is of no kind.</summary>
    private static readonly string[] _shared =
    [
        "APIGroup", "APIGroupList", "APIResourceList", "APIVersions", "DeleteOptions", "Patch", "Status", "WatchEvent",
    ];

    private readonly Lazy<JsonObject> _ours = new(MakeOurs);

    [Fact]
    public void DefinitionsAreThoseOfTheRelease()
    {
        var theirs = ReadTheirs();
        var expected = Closure(theirs, Roots(theirs));
        Assert.Equal(
            expected.Order(StringComparer.Ordinal), _ours.Value.Select(d => d.Key).Order(StringComparer.Ordinal));
        Assert.All(expected, name => AssertSame(name, WithoutTexts(theirs[name]!), WithoutTexts(_ours.Value[name]!)));
    }

    /// <summary>Also those of kinds that are not served yet.</summary>
    [Fact]
    public void EveryKnownDefinitionIsThatOfTheRelease()
    {
        var theirs = ReadTheirs();
        var catalogue = new DefinitionCatalogue(BuiltInResources.Table);
        var names = catalogue.Names.ToList();
        using var ours = SchemaDefinitions.Make(catalogue, names, _ => new Dictionary<string, string>());
        Assert.All(
            ours.Closure(names),
            d => AssertSame(d.Key, WithoutTexts(theirs[d.Key]!), WithoutTexts(JsonObject.Create(d.Value)!)));
    }

    [Fact]
    public void FieldsAreDescribed()
    {
        var theirs = ReadTheirs();
        var fields = _ours.Value
            .SelectMany(d => Fields(d.Value!).Select(f => (Definition: d.Key, Field: f.Key, Ours: f.Value!)))
            .Where(f => Fields(theirs[f.Definition]!)[f.Field]!["description"] is not null)
            .ToList();
        var described = fields.Count(f => f.Ours["description"] is not null);
        Assert.InRange((double)described / fields.Count, LeastDescribedShare, 1);
    }

    private static JsonObject ReadTheirs()
    {
        var file = Find();
        Assert.SkipWhen(file is null, "the release's swagger.json is not on this machine");
        return JsonNode.Parse(File.ReadAllBytes(file!))!["definitions"]!.AsObject();
    }

    /// <summary>
    /// <c>KUBERNETES_SWAGGER</c>, or <c>shared/kubernetes/swagger.json</c> beside a folder above; null when there is
    /// none.
    /// </summary>
    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("KUBERNETES_SWAGGER") is { Length: > 0 } given)
        {
            return File.Exists(given) ? given : null;
        }

        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            var candidate = Path.Combine(at.FullName, "shared", "kubernetes", "swagger.json");
            if (File.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }

    private static JsonObject MakeOurs()
    {
        var documents = OpenApiDocuments.Build(
            BuiltInResources.Table, models => ModelDocumentation.Read(ModelDocumentation.DefaultPath, models));
        return JsonNode.Parse(Bodies.Of(documents.V2.Json))!["definitions"]!.AsObject();
    }

    private static IEnumerable<string> Roots(JsonObject theirs)
    {
        var kinds = BuiltInResources.Table.All
            .SelectMany(d => d.Subresources
                .Select(s => (Group: s.Group ?? d.Name.Group, Version: s.Version ?? d.Version, Kind: s.Kind ?? d.Kind))
                .Append((d.Name.Group, d.Version, d.Kind))
                .Append((d.Name.Group, d.Version, d.Kind + "List")))
            .ToHashSet();
        return theirs
            .Where(d => d.Value!["x-kubernetes-group-version-kind"] is JsonArray { Count: 1 } of && kinds.Contains(
                ((string)of[0]!["group"]!, (string)of[0]!["version"]!, (string)of[0]!["kind"]!)))
            .Select(d => d.Key)
            .Concat(_shared.Select(static name => Meta + name));
    }

    private static HashSet<string> Closure(JsonObject definitions, IEnumerable<string> roots)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        var pending = new Stack<string>(roots);
        while (pending.TryPop(out var name))
        {
            if (found.Add(name))
            {
                foreach (var reference in References(definitions[name]))
                {
                    pending.Push(reference[Prefix.Length..]);
                }
            }
        }

        return found;
    }

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject o =>
            o.SelectMany(p => p.Key == "$ref" && p.Value is JsonValue v ? [(string)v!] : References(p.Value)),
        JsonArray a => a.SelectMany(References),
        _ => [],
    };

    private static JsonObject Fields(JsonNode definition) => definition["properties"] as JsonObject ?? [];

    private static JsonNode WithoutTexts(JsonNode definition)
    {
        var copy = definition.DeepClone();
        copy.AsObject().Remove("description");
        foreach (var (_, field) in Fields(copy))
        {
            field!.AsObject().Remove("description");
        }

        return copy;
    }

    private static void AssertSame(string name, JsonNode expected, JsonNode actual) =>
        Assert.True(
            JsonNode.DeepEquals(expected, actual),
            $"{name}\nexpected {expected.ToJsonString()}\nactual   {actual.ToJsonString()}");
}
