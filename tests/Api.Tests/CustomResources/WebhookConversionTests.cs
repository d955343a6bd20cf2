using System.Text.Json.Nodes;
using OrleansOrchestrator.Api.Tests.Admission.Webhooks;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.CustomResources;

/// <summary>Objects of a definition with a conversion webhook are read and written in every version.</summary>
public sealed class WebhookConversionTests
{
    private const string Boats = "/apis/h.example.com/v2/namespaces/space/boats";
    private const string OldBoats = "/apis/h.example.com/v1/namespaces/space/boats";
    private const string Failure = "conversion webhook for h.example.com/v2, Kind=Boat ";

    [Fact]
    public async Task EveryVersionShowsTheSameObjects()
    {
        await using var host = await WebhookHost.StartAsync(
            new TestSilosOptions { ConnectionString = await PostgresFixture.CreateDatabaseAsync() });
        await DefineAsync(host);
        host.Answer("/convert", (context, review) => AnswerAsync(context, review, Convert));
        var made = await host.PostAsync(Boats, Boat("a", 7));
        Assert.Equal(7, (int)made["spec"]!["size"]!["length"]!);
        var (_, old) = await host.SendAsync(HttpMethod.Get, $"{OldBoats}/a");
        Assert.Equal(7, (int)old["spec"]!["length"]!);
        Assert.Null(old["spec"]!["size"]);
        Assert.Equal((string?)made["metadata"]!["uid"], (string?)old["metadata"]!["uid"]);

        var asked = host.Remote.Calls.Count;
        var (_, got) = await host.SendAsync(HttpMethod.Get, $"{Boats}/a");
        Assert.Equal(7, (int)got["spec"]!["size"]!["length"]!);
        await host.SendAsync(HttpMethod.Get, $"{Boats}/a");
        Assert.InRange(host.Remote.Calls.Count, asked, asked + 1);

        var (_, patched) = await host.SendAsync(
            HttpMethod.Patch, $"{Boats}/a", """{"spec":{"size":{"length":9}}}""", "application/merge-patch+json");
        Assert.Equal(9, (int)patched["spec"]!["size"]!["length"]!);
        await host.PostAsync(
            OldBoats, """{"apiVersion":"h.example.com/v1","kind":"Boat","metadata":{"name":"b"},"spec":{"length":1}}""");
        var (_, list) = await host.SendAsync(HttpMethod.Get, Boats);
        Assert.Equal([9, 1], list["items"]!.AsArray().Select(i => (int)i!["spec"]!["size"]!["length"]!));
        Assert.All(list["items"]!.AsArray(), i => Assert.Equal("h.example.com/v2", (string?)i!["apiVersion"]));
        var (code, gone) = await host.SendAsync(HttpMethod.Delete, Boats);
        Assert.True(code == 200, gone.ToJsonString());
        Assert.Empty((await host.SendAsync(HttpMethod.Get, OldBoats)).Body["items"]!.AsArray());
    }

    [Fact]
    public async Task AWatchSeesItsOwnVersion()
    {
        await using var host = await WebhookHost.StartAsync();
        await DefineAsync(host);
        host.Answer("/convert", (context, review) => AnswerAsync(context, review, Convert));
        await host.PostAsync(Boats, Boat("a", 7));
        using var stream = await host.Api.Http.GetStreamAsync($"{Boats}?watch=1");
        using var reader = new StreamReader(stream);
        var first = JsonNode.Parse((await reader.NextLineAsync())!)!;
        Assert.Equal(7, (int)first["object"]!["spec"]!["size"]!["length"]!);
        await host.PostAsync(
            OldBoats, """{"apiVersion":"h.example.com/v1","kind":"Boat","metadata":{"name":"b"},"spec":{"length":1}}""");
        var second = JsonNode.Parse((await reader.NextLineAsync())!)!;
        Assert.Equal("ADDED", (string?)second["type"]);
        Assert.Equal(1, (int)second["object"]!["spec"]!["size"]!["length"]!);
    }

    /// <summary>Whichever version is stored, clients select by the fields of the one that they see.</summary>
    [Fact]
    public async Task EachVersionIsSelectedByItsOwnFields()
    {
        await using var host = await WebhookHost.StartAsync();
        await DefineAsync(host);
        host.Answer("/convert", (context, review) => AnswerAsync(context, review, Convert));
        await host.PostAsync(Boats, Boat("a", 7));
        await host.PostAsync(
            OldBoats, """{"apiVersion":"h.example.com/v1","kind":"Boat","metadata":{"name":"b"},"spec":{"length":1}}""");
        await host.PostAsync(Boats, Boat("c", 7));
        Assert.Equal(["a", "c"], await NamesAsync(host, $"{Boats}?fieldSelector=spec.size.length%3D7"));
        Assert.Equal(["b"], await NamesAsync(host, $"{Boats}?fieldSelector=spec.size.length!%3D7"));
        Assert.Equal(["a", "c"], await NamesAsync(host, $"{OldBoats}?fieldSelector=spec.length%3D7"));
        Assert.Equal(
            400, (await host.SendAsync(HttpMethod.Get, $"{OldBoats}?fieldSelector=spec.size.length%3D7")).Code);

        using var stream = await host.Api.Http.GetStreamAsync($"{Boats}?watch=1&fieldSelector=spec.size.length%3D7");
        using var reader = new StreamReader(stream);
        Assert.Equal(("ADDED", "a", 7), await NextAsync(reader));
        Assert.Equal(("ADDED", "c", 7), await NextAsync(reader));
        await ResizeAsync(host, "b", 7);
        Assert.Equal(("ADDED", "b", 7), await NextAsync(reader));
        await ResizeAsync(host, "a", 9);
        Assert.Equal(("DELETED", "a", 7), await NextAsync(reader));
        await host.SendAsync(HttpMethod.Delete, $"{Boats}?fieldSelector=spec.size.length%3D7");
        Assert.Equal(["a"], await NamesAsync(host, Boats));
    }

    private static Task ResizeAsync(WebhookHost host, string name, int length) => host.SendAsync(
        HttpMethod.Patch, $"{OldBoats}/{name}", $$$"""{"spec":{"length":{{{length}}} }}""", "application/merge-patch+json");

    private static async Task<(string?, string?, int)> NextAsync(StreamReader reader)
    {
        var next = JsonNode.Parse((await reader.NextLineAsync())!)!;
        var item = next["object"]!;
        return ((string?)next["type"], (string?)item["metadata"]!["name"], (int)item["spec"]!["size"]!["length"]!);
    }

    private static async Task<IEnumerable<string?>> NamesAsync(WebhookHost host, string path) =>
        (await host.SendAsync(HttpMethod.Get, path)).Body["items"]!.AsArray().Select(i => (string?)i!["metadata"]!["name"]);

    public static TheoryData<string, string> Lies => new()
    {
        { """{"uid":"UID","result":{"status":"Failed","message":"no"},"convertedObjects":[]}""", "failed: no" },
        {
            """{"uid":"UID","result":{"status":"Failed"},"convertedObjects":[]}""",
            "failed: response.result.status was 'Failed', not 'Success'"
        },
        { """{"uid":"UID","result":{"status":"Success"},"convertedObjects":[]}""", "returned 0 objects, expected 1" },
        { """{"uid":"x","result":{"status":"Success"}}""", "failed: expected response.uid=\"UID\", got \"x\"" },
        { "null", "failed: no response provided" },
        {
            Converted("""{"apiVersion":"h.example.com/v9","kind":"Boat","metadata":{}}"""),
            "returned invalid converted object at index 0: invalid groupVersion (expected h.example.com/v1, received "
            + "h.example.com/v9)"
        },
        {
            Converted("""{"apiVersion":"h.example.com/v1","kind":"Ship","metadata":{}}"""),
            "returned invalid converted object at index 0: invalid kind (expected Boat, received Ship)"
        },
        {
            Converted("""{"apiVersion":"h.example.com/v1","kind":"Boat"}"""),
            "returned invalid metadata in object at index 0: missing metadata in converted object"
        },
        {
            Converted("""{"apiVersion":"h.example.com/v1","kind":"Boat","metadata":{"name":"z"}}"""),
            "returned invalid converted object at index 0: must have the same name: a != z"
        },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task ALieIsSaidInUpstreamsWords(string response, string message)
    {
        await using var host = await WebhookHost.StartAsync();
        await DefineAsync(host);
        var uid = "";
        host.Answer("/convert", (context, review) =>
        {
            uid = (string)review["request"]!["uid"]!;
            var answer = JsonNode.Parse(response.Replace("UID", uid, StringComparison.Ordinal));
            return WriteAsync(context, answer);
        });
        var (code, body) = await host.SendAsync(HttpMethod.Post, Boats, Boat("a", 7));
        Assert.Equal(
            (500, Failure + message.Replace("UID", uid, StringComparison.Ordinal)), (code, (string?)body["message"]));
    }

    private static string Converted(string item) =>
        $$"""{"uid":"UID","result":{"status":"Success"},"convertedObjects":[{{item}}]}""";

    private static string Boat(string name, int length) =>
        $$$"""{"apiVersion":"h.example.com/v2","kind":"Boat","metadata":{"name":"{{{name}}}"},"spec":{"size":{"length":{{{length}}} }} }""";

    private static Task DefineAsync(WebhookHost host) => host.DefineAsync($$$$"""
            {"metadata":{"name":"boats.h.example.com"},"spec":{"group":"h.example.com","scope":"Namespaced",
            "names":{"plural":"boats","kind":"Boat"},"conversion":{"strategy":"Webhook","webhook":
            {"conversionReviewVersions":["v1"],"clientConfig":{"url":"{{{{host.Remote.Url("/convert")}}}}",
            "caBundle":"{{{{host.Bundle}}}}"} }},"versions":[
            {"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":
            {"spec":{"type":"object","properties":{"length":{"type":"integer"}}} }}},
            "selectableFields":[{"jsonPath":".spec.length"}]},
            {"name":"v2","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object","properties":
            {"spec":{"type":"object","properties":{"size":{"type":"object","properties":
            {"length":{"type":"integer"}}} }}} }},"selectableFields":[{"jsonPath":".spec.size.length"}]} ]}}
            """);

    private static Task AnswerAsync(
        Microsoft.AspNetCore.Http.HttpContext context, JsonNode review, Func<JsonNode, string, JsonNode> convert)
    {
        var request = review["request"]!;
        var to = (string)request["desiredAPIVersion"]!;
        return WriteAsync(context, new JsonObject
        {
            ["uid"] = request["uid"]!.DeepClone(), ["result"] = new JsonObject { ["status"] = "Success" },
            ["convertedObjects"] = new JsonArray([.. request["objects"]!.AsArray().Select(o => convert(o!, to))]),
        });
    }

    private static JsonNode Convert(JsonNode item, string to)
    {
        var result = item.DeepClone();
        var isNew = ((string)item["apiVersion"]!).EndsWith("v2", StringComparison.Ordinal);
        result["apiVersion"] = to;
        if (to != (string)item["apiVersion"]!)
        {
            result["spec"] = isNew
                ? new JsonObject { ["length"] = item["spec"]!["size"]!["length"]!.DeepClone() }
                : new JsonObject { ["size"] = new JsonObject { ["length"] = item["spec"]!["length"]!.DeepClone() } };
        }

        return result;
    }

    private static Task WriteAsync(Microsoft.AspNetCore.Http.HttpContext context, JsonNode? response) =>
        Microsoft.AspNetCore.Http.HttpResponseJsonExtensions.WriteAsJsonAsync(context.Response, new JsonObject
        {
            ["kind"] = "ConversionReview", ["apiVersion"] = "apiextensions.k8s.io/v1", ["response"] = response,
        });
}
