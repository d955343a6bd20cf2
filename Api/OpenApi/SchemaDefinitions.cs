using System.Buffers;
using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>
/// The schemas that some kinds need, written once for all documents. Made to make documents and let go again: the
/// documents are kept compressed, the schemas and their texts are not kept at all.
/// </summary>
internal sealed class SchemaDefinitions : IDisposable
{
    private readonly DefinitionCatalogue _catalogue;
    private readonly JsonDocument _document;

    private SchemaDefinitions(DefinitionCatalogue catalogue, JsonDocument document) =>
        (_catalogue, _document) = (catalogue, document);

    /// <summary>Writes the given definitions and all that they refer to.</summary>
    /// <param name="catalogue">What is in them.</param>
    /// <param name="roots">The definitions.</param>
    /// <param name="readTexts">Reads the descriptions of models and their properties.</param>
    /// <param name="isSimple">Custom kinds as version 2 has them.</param>
    public static SchemaDefinitions Make(
        DefinitionCatalogue catalogue,
        IEnumerable<string> roots,
        Func<IReadOnlySet<string>, IReadOnlyDictionary<string, string>> readTexts,
        bool isSimple = false)
    {
        var names = catalogue.Closure(roots);
        var models = names.Select(n => catalogue[n].Schema?.Model).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var schemas = new SchemaWriter(catalogue, readTexts(models), isSimple);
        var output = new ArrayBufferWriter<byte>(1024 * 1024);
        using (var writer = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = Tables.TableRenderer.WriterOptions.Encoder }))
        {
            writer.WriteStartObject();
            foreach (var name in names)
            {
                schemas.Write(writer, name);
            }

            writer.WriteEndObject();
        }

        return new SchemaDefinitions(catalogue, JsonTree.ParseCommitted(output.WrittenMemory));
    }

    /// <summary>The given schemas and all that they refer to, by name.</summary>
    public IReadOnlyList<KeyValuePair<string, JsonElement>> Closure(IEnumerable<string> roots) =>
        [.. _catalogue.Closure(roots).Select(n => KeyValuePair.Create(n, _document.RootElement.GetProperty(n)))];

    /// <inheritdoc/>
    public void Dispose() => _document.Dispose();
}
