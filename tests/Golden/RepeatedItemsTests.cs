using System.Text.Json.Nodes;
using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>
/// Lists by keys in which a key comes twice, which updates may make and applies may not: all items of such a key are
/// one field, until somebody applies it.
/// </summary>
public sealed class RepeatedItemsTests
{
    private const string Templates = "/api/v1/namespaces/default/podtemplates";
    private const string First = "\"k:{\\\"name\\\":\\\"FIRST\\\"}\":{\".\":{},\"f:name\":{},\"f:value\":{}}";
    private const string Home = "\"k:{\\\"name\\\":\\\"HOME\\\"}\":{\".\":{},\"f:name\":{},\"f:value\":{}}";
    private const string Twice = "\"k:{\\\"name\\\":\\\"TWICE\\\"}\":{}";
    private const string Once = "\"k:{\\\"name\\\":\\\"TWICE\\\"}\":{\".\":{},\"f:name\":{},\"f:value\":{}}";

    [Fact]
    public async Task AnApplyAddsToThemAndAnUpdateTakesThemAsOne()
    {
        await using var server = await Server.StartAsync();
        var item = await WriteAsync(server, "creator", "POST", Templates, "FIRST=1 TWICE=1 TWICE=2");
        Assert.Equal("FIRST=1 TWICE=1 TWICE=2", Values(item));
        Assert.Equal($"{{\".\":{{}},{First},{Twice}}}", Owned(item, "creator"));

        item = await ApplyAsync(server, "HOME=1");
        Assert.Equal(4, Environment(item).Count);
        Assert.Equal($"{{{Home}}}", Owned(item, "applier"));
        Assert.Equal($"{{\".\":{{}},{First},{Twice}}}", Owned(item, "creator"));

        item = await WriteAsync(
            server, "updater", "PUT", $"{Templates}/t", "FIRST=1 TWICE=1 TWICE=3 HOME=1");
        Assert.Equal($"{{\".\":{{}},{First}}}", Owned(item, "creator"));
        Assert.Equal($"{{{Twice}}}", Owned(item, "updater"));
        Assert.Equal($"{{{Home}}}", Owned(item, "applier"));
    }

    [Fact]
    public async Task WhoAppliesSuchAKeyByForceReplacesAllItsItems()
    {
        await using var server = await Server.StartAsync();
        await WriteAsync(server, "creator", "POST", Templates, "FIRST=1 TWICE=1 TWICE=2");
        await ApplyAsync(server, "HOME=1");
        var item = await ApplyAsync(server, "TWICE=3");
        Assert.Equal("FIRST=1 TWICE=3", Values(item));
        Assert.Equal($"{{{Once}}}", Owned(item, "applier"));
        Assert.Equal($"{{\".\":{{}},{First}}}", Owned(item, "creator"));
    }

    private static Task<JsonNode> ApplyAsync(Server server, string variables) => WriteAsync(
        server, "applier", "PATCH", $"{Templates}/t", variables, "application/apply-patch+yaml", "&force=true");

    private static async Task<JsonNode> WriteAsync(
        Server server, string manager, string method, string path, string variables, string type = "application/json",
        string query = "")
    {
        var environment = variables.Split(' ').Select(static v => v.Split('='))
            .Select(static v => $$"""{"name":"{{v[0]}}","value":"{{v[1]}}"}""");
        var body =
            $$$$"""
            {"apiVersion":"v1","kind":"PodTemplate","metadata":{"name":"t"},"template":{"spec":{
                "containers":[{"name":"c","image":"i","env":[{{{{string.Join(',', environment)}}}}]}]}}}
            """;
        var written = await server.SendAsync(method, $"{path}?fieldManager={manager}{query}", body, type);
        Assert.True(written.Status is 200 or 201, written.Body.ToJsonString());
        return written.Body;
    }

    private static JsonArray Environment(JsonNode item) =>
        item["template"]!["spec"]!["containers"]![0]!["env"]!.AsArray();

    private static string Values(JsonNode item) =>
        string.Join(' ', Environment(item).Select(static v => $"{v!["name"]}={v["value"]}"));

    /// <summary>What a manager owns of the environment.</summary>
    private static string Owned(JsonNode item, string manager) =>
        item["metadata"]!["managedFields"]!.AsArray().Single(e => (string)e!["manager"]! == manager)!
            ["fieldsV1"]!["f:template"]!["f:spec"]!["f:containers"]!["k:{\"name\":\"c\"}"]!["f:env"]!.ToJsonString(
                new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
