using System.Text;
using System.Text.Json;
using Microsoft.OpenApi;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>Writes OpenAPI v3 as JSON.</summary>
internal static class OpenApiV3Writer
{
    /// <summary>The document of some paths and of the schemas that they need.</summary>
    public static byte[] Write(
        string version, IEnumerable<ApiPath> paths, IEnumerable<KeyValuePair<string, IOpenApiSchema>> schemas)
    {
        var document = new OpenApiDocument
        {
            Info = new OpenApiInfo { Title = "Kubernetes", Version = version },
            Paths = [],
            Components = new OpenApiComponents { Schemas = schemas.ToDictionary(StringComparer.Ordinal) },
        };
        foreach (var path in paths)
        {
            document.Paths[path.Path] = OpenApiModel.PathItem(path, OpenApiModel.Operation);
        }

        using var output = new MemoryStream(1024 * 1024);
        using (var text = new StreamWriter(output, new UTF8Encoding(false), leaveOpen: true))
        {
            document.SerializeAsV3(new Writer(text));
        }

        return output.ToArray();
    }

    /// <summary>Upstream says 3.0.0, the model the latest patch of it, which is the same language.</summary>
    private sealed class Writer(TextWriter output)
        : OpenApiJsonWriter(output, new OpenApiJsonWriterSettings { Terse = true })
    {
        public override void WriteValue(string value) => base.WriteValue(value == "3.0.4" ? "3.0.0" : value);
    }
}
