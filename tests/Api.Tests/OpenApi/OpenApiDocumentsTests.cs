using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.OpenApi;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.OpenApi;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.OpenApi;

public sealed class OpenApiDocumentsTests
{
    private const string Json = "application/json";
    private const string Protobuf = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf";

    private static readonly OpenApiHandler Handler =
        new(
            new ResourceCatalog(BuiltInResources.Table), new NoRemoteVersions(), TimeProvider.System,
            NullLogger<OpenApiHandler>.Instance);

    [Theory]
    [InlineData("/openapi/v2", "#/definitions/", "definitions")]
    [InlineData("/openapi/v3/api/v1", "#/components/schemas/", "components")]
    [InlineData("/openapi/v3/apis/apps/v1", "#/components/schemas/", "components")]
    [InlineData("/openapi/v3/apis", "#/components/schemas/", "components")]
    [InlineData("/openapi/v3/apis/apps", "#/components/schemas/", "components")]
    public async Task EveryReferenceResolves(string path, string prefix, string root)
    {
        var document = await GetJsonAsync(path);
        var schemas =
            root == "components" ? document["components"]!["schemas"]!.AsObject() : document[root]!.AsObject();
        var references = References(document).ToList();
        Assert.NotEmpty(references);
        Assert.All(references, r => Assert.True(r.StartsWith(prefix, StringComparison.Ordinal) && schemas.ContainsKey(r[prefix.Length..]), r));
    }

    [Theory]
    [InlineData("/openapi/v2", OpenApiSpecVersion.OpenApi2_0)]
    [InlineData("/openapi/v3/api/v1", OpenApiSpecVersion.OpenApi3_0)]
    [InlineData("/openapi/v3/apis/apps/v1", OpenApiSpecVersion.OpenApi3_0)]
    [InlineData("/openapi/v3/apis/discovery.k8s.io/v1", OpenApiSpecVersion.OpenApi3_0)]
    [InlineData("/openapi/v3/api", OpenApiSpecVersion.OpenApi3_0)]
    public async Task AnotherReaderFindsNoFault(string path, OpenApiSpecVersion version)
    {
        var read = OpenApiDocument.Parse((await GetJsonAsync(path)).ToJsonString(), "json");
        Assert.Equal(version, read.Diagnostic!.SpecificationVersion);

        // Parameters of version 2 may be "uniqueItems", as upstream's are; the reader knows that of schemas only.
        Assert.DoesNotContain(
            read.Diagnostic.Errors, e => !e.Message.StartsWith("uniqueItems", StringComparison.Ordinal));
        Assert.NotEmpty(read.Document!.Paths);
        Assert.NotEmpty(read.Document.Components!.Schemas!);
    }

    /// <summary>The words that upstream's own test of the document looks for.</summary>
    [Theory]
    [InlineData("list of returned")]
    [InlineData("List of services")]
    [InlineData("Watch for changes to the described resources")]
    public async Task TheDocumentHasUpstreamsWords(string words) =>
        Assert.Contains(words, (await GetJsonAsync("/openapi/v2")).ToJsonString(), StringComparison.Ordinal);

    [Fact]
    public async Task PodSpecIsExplained()
    {
        var document = await GetJsonAsync("/openapi/v3/api/v1");
        var spec = document["components"]!["schemas"]!["io.k8s.api.core.v1.PodSpec"]!;
        var containers = spec["properties"]!["containers"]!;
        Assert.Equal("name", (string)containers["x-kubernetes-patch-merge-key"]!);
        Assert.Equal("map", (string)containers["x-kubernetes-list-type"]!);
        Assert.Equal(
            "#/components/schemas/io.k8s.api.core.v1.Affinity",
            (string)spec["properties"]!["affinity"]!["allOf"]![0]!["$ref"]!);
        Assert.NotEmpty((string)spec["description"]!);
        Assert.NotEmpty((string)containers["description"]!);
    }

    [Fact]
    public async Task PatchOffersValidationAndStrategicMerge()
    {
        var document = await GetJsonAsync("/openapi/v3/apis/apps/v1");
        var patch = document["paths"]!["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]!["patch"]!;
        Assert.Contains(patch["parameters"]!.AsArray(), p => (string)p!["name"]! == "fieldValidation");
        Assert.True(patch["requestBody"]!["content"]!.AsObject().ContainsKey("application/strategic-merge-patch+json"));
        Assert.Equal("Deployment", (string)patch["x-kubernetes-group-version-kind"]!["kind"]!);
    }

    [Fact]
    public async Task ANewestVersionIsNotSentAgain()
    {
        var first = await GetAsync("/openapi/v2", "application/json");
        var second = await GetAsync("/openapi/v2", "application/json", first.Response.Headers.ETag.ToString());
        Assert.Equal(304, second.Response.StatusCode);
    }

    [Fact]
    public async Task ProtobufIsWellFormed()
    {
        var context = await GetAsync("/openapi/v2", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf");
        Assert.Equal("application/com.github.proto-openapi.spec.v2.v1.0+protobuf", context.Response.ContentType);
        var fields = Fields(((MemoryStream)context.Response.Body).ToArray());
        Assert.Equal([1, 2, 8, 9], fields.Distinct().Order());
    }

    /// <summary>What the API says of itself is described as well, in documents of its own.</summary>
    [Fact]
    public async Task TheIndexHasWhatTheApiSaysOfItself()
    {
        var names = (await GetJsonAsync("/openapi/v3"))["paths"]!.AsObject().Select(p => p.Key).ToList();
        var kinds = BuiltInResources.Table.All;
        Assert.Equal(
            new[] { ".well-known/openid-configuration", "api", "api/v1", "apis", "openid/v1/jwks", "version" }
                .Concat(kinds.Where(d => d.Name.Group.Length > 0)
                    .SelectMany(d => new[] { $"apis/{d.Name.Group}", $"apis/{d.ApiVersion}" }))
                .Distinct().Order(StringComparer.Ordinal),
            names);
        var group = (await GetJsonAsync("/openapi/v3/apis/rbac.authorization.k8s.io"))["paths"]!.AsObject();
        Assert.Equal(
            "getRbacAuthorizationAPIGroup",
            (string)group["/apis/rbac.authorization.k8s.io/"]!["get"]!["operationId"]!);
        Assert.NotNull((await GetJsonAsync("/openapi/v3/apis/apps/v1"))["paths"]!["/apis/apps/v1/"]);
        Assert.Equal(
            ["/version/"], (await GetJsonAsync("/openapi/v3/version"))["paths"]!.AsObject().Select(p => p.Key));
        var both = (await GetJsonAsync("/openapi/v2"))["paths"]!.AsObject();
        Assert.All(
            ["/version/", "/api/", "/api/v1/", "/apis/", "/apis/apps/", "/apis/apps/v1/", "/openid/v1/jwks/"],
            p => Assert.True(both.ContainsKey(p), p));
    }

    [Fact]
    public async Task TheIndexLeadsToDocuments()
    {
        var index = await GetJsonAsync("/openapi/v3");
        foreach (var (name, entry) in index["paths"]!.AsObject())
        {
            var address = (string)entry!["serverRelativeURL"]!;
            Assert.StartsWith($"/openapi/v3/{name}?hash=", address, StringComparison.Ordinal);
            var context = await GetAsync(
                $"/openapi/v3/{name}",
                "application/json",
                query: address[address.IndexOf('?', StringComparison.Ordinal)..]);
            Assert.Equal(200, context.Response.StatusCode);
            Assert.Contains("immutable", context.Response.Headers.CacheControl.ToString(), StringComparison.Ordinal);
            Assert.EndsWith(" UTC", context.Response.Headers.Expires.ToString(), StringComparison.Ordinal);
        }
    }

    /// <summary>Both forms of a group's document have one tag; the index is JSON for everybody.</summary>
    [Theory]
    [InlineData("", Json)]
    [InlineData("*/*", Json)]
    [InlineData("application/*, " + Protobuf, Protobuf)]
    [InlineData("application/com.github.proto-openapi.spec.v3@v1.0+protobuf", Protobuf)]
    [InlineData("application/json;q=0.1, " + Protobuf, Protobuf)]
    [InlineData("text/html", null)]
    public async Task AGroupsDocumentIsNegotiated(string accept, string? type)
    {
        var index = await GetAsync("/openapi/v3", accept);
        Assert.Equal((200, Json), (index.Response.StatusCode, index.Response.ContentType));

        var context = await GetAsync("/openapi/v3/apis/apps/v1", accept);
        Assert.Equal((type is null ? 406 : 200, type), (context.Response.StatusCode, context.Response.ContentType));
        if (type is null)
        {
            return;
        }

        var tag = context.Response.Headers.ETag.ToString();
        Assert.Equal((await GetAsync("/openapi/v3/apis/apps/v1", Json)).Response.Headers.ETag.ToString(), tag);
        Assert.Equal(304, (await GetAsync("/openapi/v3/apis/apps/v1", accept, tag)).Response.StatusCode);
    }

    private static async Task<JsonNode> GetJsonAsync(string path)
    {
        var context = await GetAsync(path, "application/json");
        return JsonNode.Parse(((MemoryStream)context.Response.Body).ToArray())!;
    }

    private static async Task<HttpContext> GetAsync(string path, string accept, string etag = "", string query = "")
    {
        var context = new DefaultHttpContext();
        context.Request.Method = "GET";
        context.Request.Path = path;
        context.Request.QueryString = new QueryString(query);
        context.Request.Headers.Accept = accept;
        if (etag.Length > 0)
        {
            context.Request.Headers.IfNoneMatch = etag;
        }

        context.Response.Body = new MemoryStream();
        Assert.True(await Handler.TryHandleAsync(context, new RequestInfo { Path = path, Verb = "get" }));
        return context;
    }

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject o =>
            o.SelectMany(p => p.Key == "$ref" && p.Value is JsonValue v ? [(string)v!] : References(p.Value)),
        JsonArray a => a.SelectMany(References),
        _ => [],
    };

    /// <summary>Field numbers of a message's top level; fails when lengths do not add up.</summary>
    private static List<int> Fields(ReadOnlySpan<byte> message)
    {
        var fields = new List<int>();
        while (!message.IsEmpty)
        {
            var tag = MessageText.Varint(ref message);
            Assert.Equal(2ul, tag & 7);
            fields.Add((int)(tag >> 3));
            var length = (int)MessageText.Varint(ref message);
            message = message[length..];
        }

        return fields;
    }
}
