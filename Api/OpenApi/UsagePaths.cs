using Microsoft.OpenApi;
using OrleansOrchestrator.Resources.Metrics;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>What was used in the past, which are no objects, for the document of the façade.</summary>
internal static class UsagePaths
{
    private const string Root = $"/apis/{MetricsResources.Group}/{MetricsResources.Version}";

    private static readonly (string Name, string Description)[] Query =
    [
        ("start", "the earliest time: RFC 3339, or how long ago (-6h); without it the answer is what is used now"),
        ("end", "the latest time; now unless told"),
        ("step", "from point to point: 15s, 1m, 5m, 10m, 30m, 1h, 6h or 24h; some 300 points unless told"),
        ("by", "how series are put together: container, pod, owner, namespace or node"),
        ("owner", "only pods of an owner: Deployment/web"),
        ("node", "only pods on a node"),
        ("top", "only so many series, those that used the most"),
        ("topBy", "of what: cpu, memory, networkReceived, networkSent, diskRead, diskWritten or restarts"),
    ];

    private static readonly string[] Texts = ["namespace", "name", "container", "node", "owner"];

    private static readonly string[] Figures =
    [
        "cpuCores", "memoryBytes", "networkReceivedPerSecond", "networkSentPerSecond", "diskReadPerSecond",
        "diskWrittenPerSecond", "restarts",
    ];

    /// <summary>Paths and what they answer.</summary>
    public static OpenApiPaths Make() => new()
    {
        [$"{Root}/nodes"] = Item("listMetricsNodes", "nodes"),
        [$"{Root}/nodes/{{name}}"] = Item("readMetricsNode", "nodes", "name"),
        [$"{Root}/pods"] = Item("listMetricsPodsForAllNamespaces", "pods"),
        [$"{Root}/namespaces/{{namespace}}/pods"] = Item("listMetricsNamespacedPods", "pods", "namespace"),
        [$"{Root}/namespaces/{{namespace}}/pods/{{name}}"] =
            Item("readMetricsNamespacedPod", "pods", "namespace", "name"),
    };

    private static OpenApiPathItem Item(string id, string what, params string[] path) => new()
    {
        Operations = new Dictionary<HttpMethod, OpenApiOperation>
        {
            [HttpMethod.Get] = new()
            {
                OperationId = id,
                Description = $"what {what} used over some time",
                Parameters =
                [
                    .. path.Select(static n => Parameter(ParameterLocation.Path, n, $"{n} of the object")),
                    .. Query.Select(static q => Parameter(ParameterLocation.Query, q.Name, q.Description)),
                ],
                Responses = new OpenApiResponses
                {
                    ["200"] = new OpenApiResponse
                    {
                        Description = "OK",
                        Content = new Dictionary<string, OpenApiMediaType>
                        {
                            ["application/json"] = new() { Schema = Answer() },
                        },
                    },
                    ["401"] = new OpenApiResponse { Description = "Unauthorized" },
                },
            },
        },
    };

    private static OpenApiSchema Answer() => Object(
        ("kind", Of(JsonSchemaType.String)),
        ("apiVersion", Of(JsonSchemaType.String)),
        ("start", Of(JsonSchemaType.String)),
        ("stepSeconds", Of(JsonSchemaType.Integer)),
        ("points", Of(JsonSchemaType.Integer)),
        ("truncated", Of(JsonSchemaType.Boolean)),
        ("series", List(Object(
        [
            .. Texts.Select(static t => (t, (IOpenApiSchema)Of(JsonSchemaType.String))),
            .. Figures.Select(static f => (f, (IOpenApiSchema)List(Of(JsonSchemaType.Number | JsonSchemaType.Null)))),
        ]))));

    private static OpenApiParameter Parameter(ParameterLocation place, string name, string description) => new()
    {
        Name = name, In = place, Required = place == ParameterLocation.Path, Schema = Of(JsonSchemaType.String),
        Description = description,
    };

    private static OpenApiSchema Of(JsonSchemaType type) => new() { Type = type };

    private static OpenApiSchema List(IOpenApiSchema items) => new() { Type = JsonSchemaType.Array, Items = items };

    private static OpenApiSchema Object(params (string Name, IOpenApiSchema Schema)[] fields) => new()
    {
        Type = JsonSchemaType.Object, Properties = fields.ToDictionary(static f => f.Name, static f => f.Schema),
    };
}
