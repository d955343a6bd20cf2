// Makes definitions.jsonl from the OpenAPI document that Kubernetes publishes with a release (api/openapi-spec/swagger.json, Apache-2.0):
//     dotnet run Api/OpenApi/Generated/extract.cs -- swagger.json Api/OpenApi/Generated/definitions.jsonl
// One definition a line, sorted by name, so that a new release shows as a readable difference.
#:property PublishAot=false
#:property TreatWarningsAsErrors=false
using System.Text.Encodings.Web;
using System.Text.Json;

var options = new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
using var document = JsonDocument.Parse(File.ReadAllBytes(args[0]));
var lines = document.RootElement.GetProperty("definitions").EnumerateObject()
    .OrderBy(d => d.Name, StringComparer.Ordinal)
    .Select(d => $"{{\"name\":{JsonSerializer.Serialize(d.Name)},\"schema\":{JsonSerializer.Serialize(d.Value, options)}}}");
File.WriteAllText(args[1], string.Join('\n', lines) + "\n");
