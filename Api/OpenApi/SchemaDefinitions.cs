using System.Text.Json;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>Group, version and kind, as schemas name them.</summary>
public readonly record struct SchemaKind(string Group, string Version, string Kind);

/// <summary>
/// The schemas of all kinds of this Kubernetes release, as published (<c>Generated/definitions.jsonl</c>). Loaded to make documents and let
/// go again: the documents are kept compressed, the schemas are not kept at all.
/// </summary>
public sealed class SchemaDefinitions : IDisposable
{
    private const string Prefix = "#/definitions/";

    private readonly Dictionary<string, JsonElement> _schemas = new(StringComparer.Ordinal);
    private readonly Dictionary<SchemaKind, string> _byKind = [];
    private readonly List<JsonDocument> _documents = [];

    private SchemaDefinitions()
    {
    }

    /// <summary>Reads the embedded definitions.</summary>
    public static SchemaDefinitions Load()
    {
        var result = new SchemaDefinitions();
        using var stream = typeof(SchemaDefinitions).Assembly.GetManifestResourceStream("openapi-definitions.jsonl");
        Invariant.Check(stream is not null, "the schema definitions are embedded");
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            result.Add(JsonDocument.Parse(line));
        }

        return result;
    }

    /// <summary>The name of a kind's schema; null when the release has none.</summary>
    public string? Find(SchemaKind kind) => _byKind.GetValueOrDefault(kind);

    public JsonElement this[string name] => _schemas[name];

    /// <summary>The given schemas and all that they refer to, by name.</summary>
    public IReadOnlyList<KeyValuePair<string, JsonElement>> Closure(IEnumerable<string> roots)
    {
        var found = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
        var pending = new Stack<string>(roots);
        while (pending.TryPop(out var name))
        {
            if (found.TryAdd(name, _schemas[name]))
            {
                PushReferences(_schemas[name], pending);
            }
        }

        return [.. found];
    }

    /// <inheritdoc/>
    public void Dispose() => _documents.ForEach(d => d.Dispose());

    private static void PushReferences(JsonElement element, Stack<string> pending)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in element.EnumerateArray())
            {
                PushReferences(item, pending);
            }
        }
        else if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in element.EnumerateObject())
            {
                if (property.Name == "$ref" && property.Value.ValueKind == JsonValueKind.String)
                {
                    pending.Push(property.Value.GetString()![Prefix.Length..]);
                }
                else
                {
                    PushReferences(property.Value, pending);
                }
            }
        }
    }

    private void Add(JsonDocument document)
    {
        _documents.Add(document);
        var name = document.RootElement.GetProperty("name").GetString()!;
        var schema = document.RootElement.GetProperty("schema");
        _schemas.Add(name, schema);
        if (!schema.TryGetProperty("x-kubernetes-group-version-kind", out var kinds) || kinds.GetArrayLength() != 1)
        {
            // Types of meta/v1 belong to every group; they are referred to by name.
            return;
        }

        var kind = kinds[0];
        _byKind[new SchemaKind(
            kind.GetProperty("group").GetString()!, kind.GetProperty("version").GetString()!, kind.GetProperty("kind").GetString()!)] = name;
    }
}
