using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;

/// <summary>
/// The columns of a custom kind: its name, and those that its definition adds (by default the age), up to the first
/// whose path is none: upstream does not look further.
/// </summary>
public sealed class PrinterColumns
{
    private const string AgePath = ".metadata.creationTimestamp";

    /// <summary>Of names that mean themselves, whatever paths can do.</summary>
    private static readonly SearchValues<char> PlainSigns =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    private readonly List<(string Type, JsonPath Path)> _added;
    private readonly bool _readsWhole;

    public PrinterColumns(IList<V1CustomResourceColumnDefinition>? added)
    {
        IEnumerable<V1CustomResourceColumnDefinition> wanted = added is { Count: > 0 }
            ? added
            :
            [
                new()
                {
                    Name = "Age", Type = "date", Description = MetadataTexts.CreationTimestamp, JsonPath = AgePath,
                },
            ];
        _added = [];
        var all = new List<V1CustomResourceColumnDefinition>();
        foreach (var column in wanted)
        {
            if (JsonPath.Parse(column.JsonPath) is not { } path)
            {
                break;
            }

            all.Add(column);
            _added.Add((column.Type, path));
        }

        Columns =
        [
            TableColumns.Name,
            .. all.Select(c => new TableColumn(
                c.Name, c.Type, c.Format ?? "",
                string.IsNullOrEmpty(c.Description)
                    ? $"Custom resource definition column (in JSONPath format): {c.JsonPath}"
                    : c.Description,
                c.Priority ?? 0)),
        ];
        _readsWhole = all.Any(static c => c.JsonPath != AgePath && LeavesBody(c.JsonPath));
        Paths = [.. all.Select(c => c.JsonPath)];
    }

    public IReadOnlyList<TableColumn> Columns { get; }

    private IReadOnlyList<string> Paths { get; }

    /// <summary>The cells of one object.</summary>
    public IReadOnlyList<object?> Cells(CustomObject item, DateTimeOffset now)
    {
        JsonNode body = _readsWhole ? JsonTree.ParseOwn(ResourceCodec.Encode(item)) : item.Body;
        var result = new object?[_added.Count + 1];
        result[0] = item.Metadata.Name;
        for (var i = 0; i < _added.Count; i++)
        {
            result[i + 1] = Paths[i] == AgePath && _added[i].Type == "date"
                ? TableColumns.AgeOf(item, now)
                : FirstCell(_added[i].Path.Find(body), _added[i].Type, now);
        }

        return result;
    }

    /// <summary>A path does not begin with a plain name of the body, or may come back to type and metadata.</summary>
    private static bool LeavesBody(string path)
    {
        var name = path.AsSpan().TrimStart('.');
        var end = name.IndexOfAny('.', '[');
        name = end < 0 ? name : name[..end];
        return name.IsEmpty || name.IndexOfAnyExcept(PlainSigns) >= 0
            || CustomObject.TypeAndMetadata.Contains(name.ToString())
            || path.Contains("..", StringComparison.Ordinal);
    }

    /// <summary>A null that is there is shown in a text, as Go's templates show it.</summary>
    private static object? FirstCell(IReadOnlyList<JsonNode?> found, string type, DateTimeOffset now) => found switch
    {
        [] => null,
        [null, ..] when type == "string" => "<no value>",
        [var first, ..] => Cell(first, type, now),
    };

    private static object? Cell(JsonNode? value, string type, DateTimeOffset now) => value is null ? null : type switch
    {
        "string" => Text(value),
        "integer" => value is JsonValue number ? Whole(number) : null,
        "number" => value is JsonValue number ? Number(number) : null,
        "boolean" => value is JsonValue flag && flag.TryGetValue<bool>(out var b) ? b : null,
        "date" => value.GetValueKind() == JsonValueKind.String ? Age(value.GetValue<string>(), now) : null,
        _ => null,
    };

    private static string Text(JsonNode value) => value is JsonValue scalar
        ? GoValues.Plain(scalar)
        : System.Text.Encoding.UTF8.GetString(JsonTree.ToBytes(JsonTree.Sorted(value)).Span);

    private static long? Whole(JsonValue value) =>
        value.TryGetValue<long>(out var whole) ? whole : (long?)Number(value);

    private static double? Number(JsonValue value) =>
        value.TryGetValue<long>(out var whole) ? whole : value.TryGetValue<double>(out var number) ? number : null;

    /// <summary>Only moments of RFC 3339 are any; no text is one that nobody knows.</summary>
    private static string Age(string text, DateTimeOffset now) =>
        text is "" or "null" ? TableColumns.Unknown
        : GoTime.TryParse(text, hasMicroseconds: false, out var time, out _) ? HumanDuration.Since(time, now)
        : "<invalid>";
}
