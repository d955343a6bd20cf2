using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.CustomResources;
using OrleansOrchestrator.Api.Tests.Admission.Webhooks;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.CustomResources;

/// <summary>Objects that are older than their definition are shown as the definition has it now.</summary>
public sealed class ChangedDefinitionTests
{
    private const string Definition = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/boats.h.example.com";
    private const string Boats = "/apis/h.example.com/v1/namespaces/space/boats";
    private const string NewBoats = "/apis/h.example.com/v2/namespaces/space/boats";

    /// <summary>Defaults that come, and fields that go, hold for what is stored already.</summary>
    [Fact]
    public async Task StoredObjectsHaveTheDefaultsAndFieldsOfToday()
    {
        await using var host = await WebhookHost.StartAsync();
        await DefineAsync(host, "");
        await host.PostAsync(
            Boats, """{"apiVersion":"h.example.com/v1","kind":"Boat","metadata":{"name":"a"},"spec":{"length":7}}""");
        await ChangeAsync(host, d => Fields(d, 0)["sail"] = JsonNode.Parse("""{"type":"string","default":"white"}"""));

        var got = await GetAsync(host, $"{Boats}/a");
        Assert.Equal(("white", 7), ((string?)got["spec"]!["sail"], (int)got["spec"]!["length"]!));
        Assert.Equal("white", (string?)(await GetAsync(host, Boats))["items"]![0]!["spec"]!["sail"]);
        using var stream = await host.Api.Http.GetStreamAsync($"{Boats}?watch=1");
        using var reader = new StreamReader(stream);
        Assert.Contains("\"sail\":\"white\"", (await reader.NextLineAsync())!, StringComparison.Ordinal);

        await ChangeAsync(host, d => Fields(d, 0).Remove("length"));
        got = await GetAsync(host, $"{Boats}/a");
        Assert.Equal("""{"sail":"white"}""", got["spec"]!.ToJsonString());

        // What nobody has written since has no default any more when the definition has none.
        await ChangeAsync(host, d => Fields(d, 0)["sail"]!.AsObject().Remove("default"));
        Assert.Empty((await GetAsync(host, $"{Boats}/a"))["spec"]!.AsObject());
    }

    /// <summary>An update that changes nothing writes an object as it would be stored today.</summary>
    [Fact]
    public async Task AnUpdateWithoutAChangeStoresWhatIsShown()
    {
        await using var host = await WebhookHost.StartAsync();
        await DefineAsync(host, "");
        await host.PostAsync(
            Boats, """{"apiVersion":"h.example.com/v1","kind":"Boat","metadata":{"name":"a"},"spec":{"length":7}}""");
        await ChangeAsync(host, d => Fields(d, 0)["sail"] = JsonNode.Parse("""{"type":"string","default":"white"}"""));
        var before = await GetAsync(host, $"{Boats}/a");
        var written = await host.SendAsync(HttpMethod.Put, $"{Boats}/a", before.ToJsonString());
        Assert.NotEqual(Revision(before), Revision(written.Body));
        var again = await host.SendAsync(HttpMethod.Put, $"{Boats}/a", written.Body.ToJsonString());
        Assert.Equal(Revision(written.Body), Revision(again.Body));

        await ChangeAsync(host, d => Fields(d, 0)["sail"]!.AsObject().Remove("default"));
        Assert.Equal("white", (string?)(await GetAsync(host, $"{Boats}/a"))["spec"]!["sail"]);
    }

    /// <summary>Which version is stored may change: what was stored before is converted, too.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AnotherVersionCanBeStored(bool asksWebhook)
    {
        await using var host = await WebhookHost.StartAsync();
        host.Answer("/convert", AnswerAsync);
        var client = $$"""{"url":"{{host.Remote.Url("/convert")}}","caBundle":"{{host.Bundle}}"}""";
        await DefineAsync(host, asksWebhook ? Asking(client) : "");
        await host.PostAsync(
            Boats, """{"apiVersion":"h.example.com/v1","kind":"Boat","metadata":{"name":"a"},"spec":{"length":7}}""");
        await ChangeAsync(host, d =>
        {
            d["spec"]!["versions"]![0]!["storage"] = false;
            d["spec"]!["versions"]![1]!["storage"] = true;
        });
        await host.PostAsync(
            NewBoats, """{"apiVersion":"h.example.com/v2","kind":"Boat","metadata":{"name":"b"},"spec":{"length":1}}""");
        foreach (var path in new[] { Boats, NewBoats })
        {
            var items = (await GetAsync(host, path))["items"]!.AsArray();
            var version = path == Boats ? "h.example.com/v1" : "h.example.com/v2";
            Assert.All(items, i => Assert.Equal(version, (string?)i!["apiVersion"]));
            Assert.Equal([7, 1], items.Select(i => (int)i!["spec"]!["length"]!));
            var alone = await GetAsync(host, $"{path}/a");
            Assert.Equal(version, (string?)alone["apiVersion"]);
        }

        // The webhook marks what it converts: only what is of another version is shown to it.
        Assert.Equal(asksWebhook ? "v2" : null, Mark(await GetAsync(host, $"{NewBoats}/a")));
        Assert.Null(Mark(await GetAsync(host, $"{NewBoats}/b")));
        Assert.Null(Mark(await GetAsync(host, $"{Boats}/a")));
        Assert.Equal(asksWebhook ? "v1" : null, Mark(await GetAsync(host, $"{Boats}/b")));

        var before = await GetAsync(host, $"{NewBoats}/a");
        var written = await host.SendAsync(HttpMethod.Put, $"{NewBoats}/a", before.ToJsonString());
        Assert.NotEqual(Revision(before), Revision(written.Body));
    }

    /// <summary>What a version defaults alone is lost on the way to the store; what that defaults all versions show.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task DefaultsOfStoredObjectsAreThoseOfTheirVersion(bool asksWebhook)
    {
        await using var host = await WebhookHost.StartAsync();
        host.Answer("/convert", AnswerAsync);
        var client = $$"""{"url":"{{host.Remote.Url("/convert")}}","caBundle":"{{host.Bundle}}"}""";
        await DefineAsync(host, asksWebhook ? Asking(client) : "");
        await ChangeAsync(host, d =>
        {
            Fields(d, 0)["sail"] = JsonNode.Parse("""{"type":"string","default":"white"}""");
            Fields(d, 1)["sail"] = JsonNode.Parse("""{"type":"string"}""");
            Fields(d, 1)["flag"] = JsonNode.Parse("""{"type":"string","default":"red"}""");
        });
        var made = await host.SendAsync(
            HttpMethod.Post, NewBoats,
            """{"apiVersion":"h.example.com/v2","kind":"Boat","metadata":{"name":"a"},"spec":{"length":1}}""");
        Assert.Equal("""{"length":1,"sail":"white"}""", made.Body["spec"]!.ToJsonString());
        Assert.Equal(
            """{"length":1,"sail":"white"}""", (await GetAsync(host, $"{NewBoats}/a"))["spec"]!.ToJsonString());
    }

    /// <summary>No change of the definition is needed: what another version has written lacks them.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TheStoredVersionIsReadWithItsDefaults(bool asksWebhook)
    {
        await using var host = await WebhookHost.StartAsync();
        host.Answer("/convert", AnswerAsync);
        var client = $$"""{"url":"{{host.Remote.Url("/convert")}}","caBundle":"{{host.Bundle}}"}""";
        await DefineAsync(
            host, asksWebhook ? Asking(client) : "", """{"type":"string","default":"white"}""",
            """{"type":"string"}""");
        await host.PostAsync(
            NewBoats,
            """{"apiVersion":"h.example.com/v2","kind":"Boat","metadata":{"name":"a"},"spec":{"length":1}}""");

        foreach (var path in new[] { Boats, NewBoats })
        {
            Assert.Equal("white", (string?)(await GetAsync(host, $"{path}/a"))["spec"]!["sail"]);
            Assert.Equal("white", (string?)(await GetAsync(host, path))["items"]![0]!["spec"]!["sail"]);
        }
    }

    private static string Asking(string client) =>
        "\"conversion\":" + """{"strategy":"Webhook","webhook":{"conversionReviewVersions":["v1"],"clientConfig":"""
        + client + "}},";

    private static string? Revision(JsonNode item) => (string?)item["metadata"]!["resourceVersion"];

    private static string? Mark(JsonNode item) => (string?)item["metadata"]!["labels"]?["converted"];

    private static JsonObject Fields(JsonNode definition, int version) =>
        definition["spec"]!["versions"]![version]!["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!["properties"]!
            .AsObject();

    private static async Task<JsonNode> GetAsync(WebhookHost host, string path)
    {
        var (code, body) = await host.SendAsync(HttpMethod.Get, path);
        Assert.True(code == 200, body.ToJsonString());
        return body;
    }

    private static Task DefineAsync(WebhookHost host, string conversion, string sail = "", string newSail = "")
    {
        static string Schema(string sail) =>
            """{"type":"object","properties":{"spec":{"type":"object","properties":{"length":{"type":"integer"}"""
            + (sail.Length == 0 ? "" : $",\"sail\":{sail}") + "}}}}";
        return host.DefineAsync($$$"""
            {"metadata":{"name":"boats.h.example.com"},"spec":{"group":"h.example.com","scope":"Namespaced",
            {{{conversion}}} "names":{"plural":"boats","kind":"Boat"},"versions":[
            {"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema": {{{Schema(sail)}}} }},
            {"name":"v2","served":true,"storage":false,"schema":{"openAPIV3Schema": {{{Schema(newSail)}}} }} ]}}
            """);
    }

    private static async Task ChangeAsync(WebhookHost host, Action<JsonNode> change)
    {
        var definition = await GetAsync(host, Definition);
        change(definition);
        var (code, answer) = await host.SendAsync(HttpMethod.Put, Definition, definition.ToJsonString());
        Assert.True(code == 200, answer.ToJsonString());
        await host.Api.Services.GetRequiredService<CustomKindSource>().RefreshAsync(CancellationToken.None);
    }

    private static Task AnswerAsync(Microsoft.AspNetCore.Http.HttpContext context, JsonNode review)
    {
        var request = review["request"]!;
        var to = (string)request["desiredAPIVersion"]!;
        var converted = request["objects"]!.AsArray().Select(o =>
        {
            var item = o!.DeepClone();
            item["apiVersion"] = to;
            item["metadata"]!["labels"] = new JsonObject { ["converted"] = to[(to.IndexOf('/', StringComparison.Ordinal) + 1)..] };
            return item;
        });
        return Microsoft.AspNetCore.Http.HttpResponseJsonExtensions.WriteAsJsonAsync(context.Response, new JsonObject
        {
            ["kind"] = "ConversionReview", ["apiVersion"] = "apiextensions.k8s.io/v1",
            ["response"] = new JsonObject
            {
                ["uid"] = request["uid"]!.DeepClone(), ["result"] = new JsonObject { ["status"] = "Success" },
                ["convertedObjects"] = new JsonArray([.. converted]),
            },
        });
    }
}
