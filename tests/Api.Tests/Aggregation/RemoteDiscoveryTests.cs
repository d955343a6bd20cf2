using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Aggregation;
using OrleansOrchestrator.Interfaces.Aggregation;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Aggregation;

/// <summary>What other servers serve is discovered as if it were this one's.</summary>
public sealed class RemoteDiscoveryTests
{
    private const string Aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    private const string Group = AggregationHost.Group;

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Its_groups_stand_among_the_others_by_priority(bool isNew)
    {
        await using var host = await AggregationHost.StartAsync();
        host.Describe = context => Serve(context, isNew);
        await host.RegisterAsync("v1", groupPriority: 17900);
        await host.RegisterAsync("v2", groupPriority: 17900);
        await FindAsync(host, "v2", "Current");
        var version = await FindAsync(host, "v1", "Current");
        var boats = Assert.Single(version["resources"]!.AsArray())!;
        Assert.Equal(
            ("boats", "Boat", "Namespaced", "boat"),
            ((string)boats["resource"]!, (string)boats["responseKind"]!["kind"]!, (string)boats["scope"]!,
                (string)boats["singularResource"]!));
        Assert.Equal(["get", "list"], boats["verbs"]!.AsArray().Select(v => (string)v!));
        Assert.Equal("status", (string?)Assert.Single(boats["subresources"]!.AsArray())!["subresource"]);

        var groups = (await host.Api.GetJsonAsync("/apis"))["groups"]!.AsArray();
        Assert.Equal(
            ["apiregistration.k8s.io", Group, "apps"], groups.Take(3).Select(g => (string)g!["name"]!));
        var group = await host.Api.GetJsonAsync($"/apis/{Group}");
        Assert.Equal(["v2", "v1"], group["versions"]!.AsArray().Select(v => (string)v!["version"]!));
        Assert.Equal("v2", (string?)group["preferredVersion"]!["version"]);
        Assert.Contains(
            $"/apis/{Group}/v1", (await host.Api.GetJsonAsync("/"))["paths"]!.AsArray().Select(p => (string)p!));
        Assert.Equal("APIResourceList", (string?)(await host.Api.GetJsonAsync($"/apis/{Group}/v1"))["kind"]);
    }

    [Fact]
    public async Task A_server_that_is_away_is_stale_and_others_stay()
    {
        await using var host = await AggregationHost.StartAsync();
        host.Answer = host.Describe = static context => Serve(context, isNew: true);
        await host.RegisterAsync();
        await FindAsync(host, "v1", "Current");
        await host.SayAsync(isAvailable: false);
        var stale = await FindAsync(host, "v1", "Stale");
        Assert.Empty(stale["resources"]!.AsArray());
        var discovered = await host.Api.Services.GetRequiredService<IAggregatedApis>().DiscoverAsync(Limit);
        Assert.Equal([$"{Group}/v1"], discovered.Stale);
        var list = await host.Api.GetJsonAsync("/apis", Aggregated);
        Assert.Contains("apps", list["items"]!.AsArray().Select(g => (string?)g!["metadata"]!["name"]));
    }

    [Fact]
    public async Task Its_documents_are_in_the_index_and_are_its_own()
    {
        await using var host = await AggregationHost.StartAsync();
        host.Answer = host.Describe = static context => Serve(context, isNew: true);
        await host.RegisterAsync();
        await FindAsync(host, "v1", "Current");
        var paths = (await host.Api.GetJsonAsync("/openapi/v3"))["paths"]!;
        Assert.NotNull(paths["apis/apps/v1"]);
        var place = (string)paths[$"apis/{Group}/v1"]!["serverRelativeURL"]!;
        Assert.Equal($"/openapi/v3/apis/{Group}/v1?hash=1", place);
        Assert.Equal("of boats", (string?)(await host.Api.GetJsonAsync(place))["info"]!["title"]);
    }

    [Fact]
    public async Task Its_older_document_is_part_of_this_servers()
    {
        var document = Swagger("of boats");
        var asked = new ConcurrentBag<(string User, string Known)>();
        await using var host = await AggregationHost.StartAsync();
        host.Answer = host.Describe = context =>
        {
            if (context.Request.Path != "/openapi/v2")
            {
                return Serve(context, isNew: true);
            }

            var (now, known) = (Volatile.Read(ref document), context.Request.Headers.IfNoneMatch.ToString());
            asked.Add((context.Request.Headers["X-Remote-User"].ToString(), known));
            context.Response.Headers.ETag = $"\"{now.Length}\"";
            context.Response.StatusCode = known == $"\"{now.Length}\"" ? 304 : 200;
            return context.Response.WriteAsync(context.Response.StatusCode == 304 ? "" : now);
        };
        var (own, empty) = await SwaggerAsync(host);
        Assert.Null(own["paths"]![$"/apis/{Group}/v1/boats"]);

        await host.RegisterAsync();
        await FindAsync(host, "v1", "Current");
        var (first, firstTag) = await SwaggerAsync(host);
        Assert.Equal("of boats", (string?)first["paths"]![$"/apis/{Group}/v1/boats"]!["get"]!["description"]);
        Assert.Null(first["paths"]![$"/apis/{Group}/v2/boats"]);
        Assert.Null(first["paths"]!["/apis/apps/v1/boats"]);
        Assert.Equal("Kubernetes", (string?)first["info"]!["title"]);
        Assert.NotNull(first["paths"]!["/apis/apps/v1/deployments"]);
        Assert.Equal("of boats", (string?)first["definitions"]!["harbour.Boat"]!["description"]);
        Assert.Equal("mine", (string?)first["definitions"]!["io.k8s.api.core.v1.Pod_v2"]!["description"]);
        Assert.Null(first["definitions"]!["harbour.Unused"]);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/openapi/v2");
        request.Headers.TryAddWithoutValidation(
            "Accept", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf");
        using var response = await host.Http.SendAsync(request, Limit);
        var protobuf = Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync(Limit));
        Assert.Contains($"/apis/{Group}/v1/boats", protobuf, StringComparison.Ordinal);
        Assert.Contains("io.k8s.api.core.v1.Pod_v2", protobuf, StringComparison.Ordinal);

        // What is no document changes nothing, its tag included.
        var tag = $"\"{document.Length}\"";
        Volatile.Write(ref document, "no document");
        await host.RegisterAsync("v2");
        await FindAsync(host, "v2", "Current");
        var (second, _) = await SwaggerAsync(host);
        Assert.Equal("of boats", (string?)second["paths"]![$"/apis/{Group}/v2/boats"]!["get"]!["description"]);
        Volatile.Write(ref document, Swagger("of other boats"));
        await host.RegisterAsync("v3");
        await FindAsync(host, "v3", "Current");
        var (third, thirdTag) = await SwaggerAsync(host);
        Assert.Equal("of other boats", (string?)third["paths"]![$"/apis/{Group}/v1/boats"]!["get"]!["description"]);
        Assert.Equal(3, new[] { empty, firstTag, thirdTag }.Distinct().Count());
        Assert.Equal(["system:aggregator"], asked.Select(static a => a.User).Distinct());
        Assert.Equal(["", tag], asked.Select(static a => a.Known).Distinct().Order(StringComparer.Ordinal).Take(2));
    }

    [Fact]
    public async Task Controllers_learn_resources_and_ask_for_them()
    {
        await using var host = await AggregationHost.StartAsync();
        host.Answer = host.Describe = static context => Serve(context, isNew: true);
        await host.RegisterAsync();
        await FindAsync(host, "v1", "Current");
        var apis = host.Api.Services.GetRequiredService<IAggregatedApis>();
        var resource = Assert.Single((await apis.DiscoverAsync(Limit)).Resources);
        Assert.Equal(($"{Group}/boats", "v1", "Boat", true), (
            resource.Name.ToString(), resource.Version, resource.Kind, resource.IsNamespaced));
        var user = new Interfaces.Kernel.UserIdentity { Name = "keeper" };
        var good = await apis.SendAsync(new AggregatedRequest(Group, "v1", "/boats", user), Limit);
        Assert.Equal("keeper", (string?)JsonNode.Parse(good.Required.Span)!["for"]);
        var bad = await apis.SendAsync(
            new AggregatedRequest(Group, "v1", "/none", user) { Subject = "none.x" }, Limit);
        Assert.Equal("the server could not find the requested resource (get none.x)", bad.Error?.Message);
        var unknown = await apis.SendAsync(new AggregatedRequest("nobody", "v1", "/none", user), Limit);
        Assert.Equal(404, unknown.Error?.Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"kind":"APIGroupDiscoveryList","items":[7,{"versions":{}},{"versions":[{"resources":7}]}]}""")]
    [InlineData("""{"kind":"APIResourceList","resources":[7,{"name":7},{"name":"/"},{"name":"a/b","verbs":7}]}""")]
    [InlineData("{\"paths\":{\"a\":7,\"b\":{\"serverRelativeURL\":7}}}")]
    public void Nonsense_harms_nobody(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        Assert.Empty(RemoteDocument.ReadAggregated(bytes)?.Resources("", "") ?? []);
        _ = RemoteDocument.ReadList(bytes);
        _ = RemoteDocument.ReadOpenApiIndex(bytes);
    }

    /// <summary>Waits until discovery says of a version what it must: it hears of changes by itself.</summary>
    private static async Task<JsonNode> FindAsync(AggregationHost host, string version, string freshness)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            await host.Api.Services.GetRequiredService<IAggregatedApis>().DiscoverAsync(Limit);
            var list = await host.Api.GetJsonAsync("/apis", Aggregated);
            var found = list["items"]!.AsArray().Where(g => (string?)g!["metadata"]!["name"] == Group)
                .SelectMany(g => g!["versions"]!.AsArray())
                .FirstOrDefault(v => (string?)v!["version"] == version && (string?)v["freshness"] == freshness);
            if (found is not null)
            {
                return found;
            }

            patience.Token.ThrowIfCancellationRequested();
        }
    }

    private static async Task<(JsonNode Document, string Tag)> SwaggerAsync(AggregationHost host)
    {
        using var response = await host.Http.GetAsync("/openapi/v2", Limit);
        return (JsonNode.Parse(await response.Content.ReadAsByteArrayAsync(Limit))!, response.Headers.ETag!.Tag);
    }

    private static string Swagger(string description) => """
        {"swagger":"2.0","info":{"title":"Harbour","version":"1"},"paths":{
        "/apis/GROUP/v1/boats":{"get":{"description":"TEXT","responses":{"200":{"description":"OK",
        "schema":{"$ref":"#/definitions/harbour.Boat"}}}}},
        "/apis/GROUP/v2/boats":{"get":{"description":"TEXT","responses":{}}},
        "/apis/apps/v1/boats":{"get":{"description":"a lie","responses":{}}}},
        "definitions":{"harbour.Unused":{},"io.k8s.api.core.v1.Pod":{"description":"mine"},"harbour.Boat":{
        "description":"TEXT","properties":{"pod":{"$ref":"#/definitions/io.k8s.api.core.v1.Pod"}}}}}
        """.Replace("GROUP", Group, StringComparison.Ordinal).Replace("TEXT", description, StringComparison.Ordinal);

    private static Task Serve(HttpContext context, bool isNew)
    {
        const string Kind = """{"group":"","version":"","kind":"Boat"}""";
        string[] resources =
        [
            """{"name":"boats","singularName":"boat","namespaced":true,"kind":"Boat","verbs":["get","list"]}""",
            """{"name":"boats/status","singularName":"","namespaced":true,"kind":"Boat","verbs":["get"]}""",
        ];
        var version = (string v) => $$"""
            {"version":"{{v}}","resources":[{"resource":"boats","responseKind":{{Kind}},"scope":"Namespaced",
            "singularResource":"boat","verbs":["get","list"],"subresources":[{"subresource":"status",
            "responseKind":{{Kind}},"verbs":["get"]}]}],"freshness":"Current"}
            """;
        var answer = context.Request.Path.Value switch
        {
            "/apis" when isNew => $$$"""
                {"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[{"metadata":
                {"name":"{{{Group}}}"},"versions":[{{{version("v1")}}},{{{version("v2")}}}]}]}
                """,
            $"/apis/{Group}/v1" or $"/apis/{Group}/v2" =>
                $$"""{"kind":"APIResourceList","resources":[{{string.Join(',', resources)}}]}""",
            $"/apis/{Group}/v1/boats" => $$"""{"for":"{{context.Request.Headers["X-Remote-User"]}}"}""",
            "/openapi/v3" => $$"""
                {"paths":{"apis/{{Group}}/v1":{"serverRelativeURL":"/openapi/v3/apis/{{Group}}/v1?hash=1"} } }
                """,
            $"/openapi/v3/apis/{Group}/v1" => """{"info":{"title":"of boats"}}""",
            _ => null,
        };
        context.Response.StatusCode = answer is not null ? 200 : context.Request.Path == "/apis" ? 406 : 404;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(answer ?? "");
    }
}
