using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Bench;

/// <summary>Custom kinds that benches install.</summary>
internal static class BenchKinds
{
    public const string Group = "bench.example.com";
    public const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    public static string KindOf(string singular) => $"{char.ToUpperInvariant(singular[0])}{singular[1..]}";

    /// <summary>A definition whose objects have these parts; a status is a subresource.</summary>
    public static JsonObject Definition(string singular, JsonObject parts)
    {
        var version = new JsonObject
        {
            ["name"] = "v1", ["served"] = true, ["storage"] = true,
            ["schema"] = new JsonObject
            {
                ["openAPIV3Schema"] = new JsonObject { ["type"] = "object", ["properties"] = parts },
            },
        };
        if (parts.ContainsKey("status"))
        {
            version["subresources"] = new JsonObject { ["status"] = new JsonObject() };
        }

        var plural = $"{singular}s";
        return new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = $"{plural}.{Group}" },
            ["spec"] = new JsonObject
            {
                ["group"] = Group, ["scope"] = "Namespaced",
                ["names"] = new JsonObject
                {
                    ["plural"] = plural, ["singular"] = singular, ["kind"] = KindOf(singular),
                },
                ["versions"] = new JsonArray(version),
            },
        };
    }

    /// <summary>Waits until a path is served, which nobody tells.</summary>
    public static async Task ServedAsync(HttpClient client, string path, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var answer = await client.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
            if (answer.IsSuccessStatusCode)
            {
                return;
            }

            await Task.Delay(PollInterval, TimeProvider.System, cancellationToken);
        }
    }
}
