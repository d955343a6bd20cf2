using Microsoft.OpenApi;
using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>The search of central logs, which are no objects, for the document of the façade.</summary>
internal static class LogPaths
{
    private const string Root = $"/apis/{LogResources.Group}/{LogResources.Version}";

    private static readonly (string Name, JsonSchemaType Type, string Description)[] Query =
    [
        ("query", JsonSchemaType.String,
            "words, \"phrases\", /regular expressions/, field=value, each with - in front for lines without it"),
        ("pod", JsonSchemaType.String, "of one pod"),
        ("container", JsonSchemaType.String, "of containers of that name"),
        ("workload", JsonSchemaType.String, "of pods of a workload: deployment/web, or its name"),
        ("node", JsonSchemaType.String, "of pods that ran on a node"),
        ("labelSelector", JsonSchemaType.String, "of pods that had these labels"),
        ("level", JsonSchemaType.String, "as bad at least: debug, info, warning, error or fatal"),
        ("source", JsonSchemaType.String, "programs (containers, parts of the cluster) or events; both unless told"),
        ("sinceSeconds", JsonSchemaType.Integer, "not older than"),
        ("sinceTime", JsonSchemaType.String, "the earliest time, RFC 3339"),
        ("untilSeconds", JsonSchemaType.Integer, "not newer than"),
        ("untilTime", JsonSchemaType.String, "the latest time, RFC 3339"),
        ("order", JsonSchemaType.String, "newest (first) or oldest"),
        ("limit", JsonSchemaType.Integer, "lines at most; 100 unless told, 1000 at most"),
        ("continue", JsonSchemaType.String, "goes on where the page ended that named this"),
        ("around", JsonSchemaType.String, "the lines of the same container around one, by its cursor"),
        ("context", JsonSchemaType.Integer, "how many before and after that one"),
        ("watch", JsonSchemaType.Boolean,
            "lines as they come, as a stream of events, each on a line; one of type ERROR says why it ends"),
    ];

    /// <summary>Path and what it answers.</summary>
    public static IEnumerable<KeyValuePair<string, OpenApiPathItem>> All =>
    [
        new($"{Root}/{LogResources.Lines}", Item("listLogLineForAllNamespaces")),
        new($"{Root}/namespaces/{{namespace}}/{LogResources.Lines}", Item("listNamespacedLogLine", Parameter(
            ParameterLocation.Path, "namespace", JsonSchemaType.String, "whose lines"))),
    ];

    private static OpenApiPathItem Item(string id, params OpenApiParameter[] path) => new()
    {
        Operations = new Dictionary<HttpMethod, OpenApiOperation>
        {
            [HttpMethod.Get] = new()
            {
                OperationId = id,
                Description = "search kept logs; needs the right to get pods/log there, "
                    + "and for events that to list those",
                Parameters =
                [
                    .. path, .. Query.Select(static q => Parameter(ParameterLocation.Query, q.Name, q.Type,
                        q.Description)),
                ],
                Responses = new OpenApiResponses
                {
                    ["200"] = new OpenApiResponse
                    {
                        Description = "OK",
                        Content = new Dictionary<string, OpenApiMediaType>
                        {
                            ["application/json"] = new() { Schema = List },
                            ["application/json;stream=watch"] = new() { Schema = Event },
                        },
                    },
                    ["401"] = new OpenApiResponse { Description = "Unauthorized" },
                },
            },
        },
    };

    private static OpenApiSchema List => Object(
        ("kind", Of(JsonSchemaType.String)),
        ("apiVersion", Of(JsonSchemaType.String)),
        ("metadata", Object(("continue", Of(JsonSchemaType.String)))),
        ("items", new OpenApiSchema { Type = JsonSchemaType.Array, Items = Line }),
        ("search", Object(
            ("timedOut", Of(JsonSchemaType.Boolean)), ("segments", Of(JsonSchemaType.Integer)),
                ("bytes", Of(JsonSchemaType.Integer)))));

    /// <summary>Of a watch. What fails after it has begun is told by the last one.</summary>
    private static OpenApiSchema Event => Object(
        ("type", new OpenApiSchema { Type = JsonSchemaType.String, Enum = ["ADDED", "ERROR"] }),
        ("object", new OpenApiSchema
        {
            OneOf = [Line, Failure], Description = "the line; of type ERROR a Status: the stream ends with it",
        }));

    private static OpenApiSchema Failure => Object(
        ("kind", Of(JsonSchemaType.String)),
        ("apiVersion", Of(JsonSchemaType.String)),
        ("status", Of(JsonSchemaType.String)),
        ("message", Of(JsonSchemaType.String)),
        ("reason", Of(JsonSchemaType.String)),
        ("code", Of(JsonSchemaType.Integer)));

    private static OpenApiSchema Line => Object(
    [
        .. new[] { "time", "namespace", "pod", "uid", "container", "node", "workload", "source", "level", "text",
            "cursor" }
            .Select(static n => (n, (IOpenApiSchema)Of(JsonSchemaType.String))),
        ("restart", Of(JsonSchemaType.Integer)),
    ]);

    private static OpenApiParameter Parameter(
        ParameterLocation place, string name, JsonSchemaType type, string description) => new()
    {
        Name = name, In = place, Required = place == ParameterLocation.Path, Schema = Of(type),
            Description = description,
    };

    private static OpenApiSchema Of(JsonSchemaType type) => new() { Type = type };

    private static OpenApiSchema Object(params (string Name, IOpenApiSchema Schema)[] fields) => new()
    {
        Type = JsonSchemaType.Object, Properties = fields.ToDictionary(static f => f.Name, static f => f.Schema),
    };
}
