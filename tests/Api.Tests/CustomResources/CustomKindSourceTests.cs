using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Api.CustomResources;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.CustomResources;

/// <summary>Kinds come, change and go while servers run, and all see the same.</summary>
public sealed class CustomKindSourceTests
{
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private const string Boats = "/apis/harbour.example.com/v1/boats";
    private const string Name = "boats.harbour.example.com";

    [Fact]
    public async Task AKindIsKnownEverywhereAsSoonAsItIsEstablished()
    {
        await using var first = await ProtocolHost.StartAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await first.Http.GetAsync(Boats)).StatusCode);
        await DefineAsync(first, "integer");
        var list = await first.GetJsonAsync(Boats);
        Assert.Equal("BoatList", list["kind"]!.GetValue<string>());
        var group = await first.GetJsonAsync("/apis/harbour.example.com");
        Assert.Equal("APIGroup", group["kind"]!.GetValue<string>());
        var documents = await first.GetJsonAsync("/openapi/v3");
        Assert.NotNull(documents["paths"]!["apis/harbour.example.com/v1"]);
    }

    /// <summary>
    /// Upstream's handler of custom kinds goes by the verb, where built-in kinds have routes for methods.
    /// </summary>
    [Theory]
    [InlineData(Boats, HttpStatusCode.OK)]
    [InlineData($"{Boats}/a", HttpStatusCode.OK)]
    [InlineData($"{Boats}/none", HttpStatusCode.NotFound)]
    [InlineData($"{Boats}?watch=true&timeoutSeconds=1", HttpStatusCode.OK)]
    [InlineData("/api/v1/nodes", HttpStatusCode.MethodNotAllowed)]
    [InlineData("/api/v1/nodes?watch=true&timeoutSeconds=1", HttpStatusCode.MethodNotAllowed)]
    public async Task TheHeadOfAnAnswerIsGivenOfCustomKindsOnly(string path, HttpStatusCode code)
    {
        await using var host = await ProtocolHost.StartAsync();
        await DefineAsync(host, "integer");
        Assert.Equal(HttpStatusCode.Created, await CreateAsync(host, "a", "1"));
        using var request = new HttpRequestMessage(HttpMethod.Head, path);
        using var response = await host.Http.SendAsync(request);
        Assert.Equal(code, response.StatusCode);
        Assert.Equal("", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("/apis/harbour.example.com/v1/watch/boats?timeoutSeconds=1", HttpStatusCode.OK)]
    [InlineData("/api/v1/watch/nodes?timeoutSeconds=1", HttpStatusCode.MethodNotAllowed)]
    public async Task OldPathsOfWatchesTakeAnyMethodOfCustomKindsOnly(string path, HttpStatusCode code)
    {
        await using var host = await ProtocolHost.StartAsync();
        await DefineAsync(host, "integer");
        using var response = await host.Http.PostAsync(path, content: null);
        Assert.Equal(code, response.StatusCode);
    }

    [Fact]
    public async Task AnotherServerKnowsAKindAsSoonAsItIsAskedForIt()
    {
        await using var host = await ProtocolHost.StartAsync();
        await DefineAsync(host, "integer");
        var catalog = new ResourceCatalog(BuiltInResources.Table);
        using var other = Source(host, catalog);
        var changed = catalog.Changed;
        Assert.True(await other.RefreshAsync(CancellationToken.None));
        Assert.True(changed.IsCompleted);
        Assert.NotNull(catalog.Current.Find("harbour.example.com/v1", "Boat"));
        Assert.False(await other.RefreshAsync(CancellationToken.None), "nothing has changed since");
    }

    /// <summary>
    /// Who saw a definition established asks what kinds there are next, and python's client does so but once.
    /// </summary>
    [Fact]
    public async Task WhatIsEstablishedInTheCacheIsDiscovered()
    {
        await using var host = await ProtocolHost.StartAsync();
        var catalog = new ResourceCatalog(BuiltInResources.Table);
        using var source = Source(host, catalog);
        source.CatchUp();
        Assert.Null(catalog.Current.Find("harbour.example.com/v1", "Boat"));
        await DefineAsync(host, "integer");
        await host.GetJsonAsync(Definitions);
        source.CatchUp();
        Assert.NotNull(catalog.Current.Find("harbour.example.com/v1", "Boat"));
    }

    [Fact]
    public async Task AWatchLivesThroughAChangeOfItsSchema()
    {
        await using var host = await ProtocolHost.StartAsync();
        await DefineAsync(host, "integer");
        await CreateAsync(host, "a", "1");
        using var stream = await host.Http.GetStreamAsync($"{Boats}?watch=1");
        using var reader = new StreamReader(stream);
        Assert.Equal("a", await NextAsync(reader));
        var catalog = host.Services.GetRequiredService<ResourceCatalog>();
        var changed = catalog.Changed;
        var definition = await host.GetJsonAsync($"{Definitions}/{Name}");
        Length(definition)["type"] = "string";
        (await host.Http.PutAsJsonAsync($"{Definitions}/{Name}", definition)).EnsureSuccessStatusCode();
        await changed;
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await CreateAsync(host, "b", "1"));
        Assert.Equal(HttpStatusCode.Created, await CreateAsync(host, "c", "\"long\""));
        Assert.Equal("c", await NextAsync(reader));
    }

    [Fact]
    public async Task WhatIsGoneIsUnknownAndItsCacheIsGiven()
    {
        await using var host = await ProtocolHost.StartAsync();
        await DefineAsync(host, "integer");
        var boats = new ResourceName("harbour.example.com", "boats");
        await host.GetJsonAsync(Boats);
        Assert.NotNull(host.Caches.Find(boats));
        var catalog = host.Services.GetRequiredService<ResourceCatalog>();
        await host.Http.DeleteAsync($"{Definitions}/{Name}");
        var definition = await host.GetJsonAsync($"{Definitions}/{Name}");
        definition["metadata"]!.AsObject().Remove("finalizers");
        Task changed;
        do
        {
            changed = catalog.Changed;
            await host.Http.PutAsJsonAsync($"{Definitions}/{Name}", definition);
        }
        while (catalog.Current.Find(boats) is not null && await Waited(changed));

        // Who is told that there is no such kind has waited for the one who follows the definitions.
        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync(Boats)).StatusCode);
        Assert.Null(host.Caches.Find(boats));
    }

    /// <summary>Upstream takes such definitions and hides what they define behind its own routes.</summary>
    [Fact]
    public async Task NoDefinitionStandsInTheWayOfWhatIsBuiltInNorOfOthers()
    {
        await using var host = await ProtocolHost.StartAsync();
        await DefineAsync(host, "integer", "ingresses.networking.k8s.io", "Ingress");
        await DefineAsync(host, "integer", "sails.networking.k8s.io", "Sail");
        await DefineAsync(host, "integer");
        Assert.Equal("BoatList", (await host.GetJsonAsync(Boats))["kind"]!.GetValue<string>());
        var ingresses = await host.GetJsonAsync("/apis/networking.k8s.io/v1/ingresses");
        Assert.Equal("IngressList", ingresses["kind"]!.GetValue<string>());
        Assert.Equal(
            HttpStatusCode.NotFound, (await host.Http.GetAsync("/apis/networking.k8s.io/v1/sails")).StatusCode);
        var resources = (await host.GetJsonAsync("/apis/networking.k8s.io/v1"))["resources"]!.AsArray();
        Assert.DoesNotContain("sails", resources.Select(static r => r!["name"]!.GetValue<string>()));
        await host.Http.DeleteAsync($"{Definitions}/ingresses.networking.k8s.io");
        ingresses = await host.GetJsonAsync("/apis/networking.k8s.io/v1/ingresses");
        Assert.Equal("IngressList", ingresses["kind"]!.GetValue<string>());
    }

    /// <summary>Of another version of a built-in group there is nothing to hide it, as upstream serves it.</summary>
    [Fact]
    public async Task AGroupVersionThatIsNotBuiltInIsServedInABuiltInGroup()
    {
        const string Group = "/apis/networking.k8s.io";
        await using var host = await ProtocolHost.StartAsync();
        await DefineAsync(host, "integer", "sails.networking.k8s.io", "Sail", "v1alpha7");
        await DefineAsync(host, "integer", "ingresses.networking.k8s.io", "Yacht", "v1alpha7");
        Assert.Equal("SailList", (await host.GetJsonAsync($"{Group}/v1alpha7/sails"))["kind"]!.GetValue<string>());
        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync($"{Group}/v1alpha7/ingresses")).StatusCode);
        Assert.Equal("IngressList", (await host.GetJsonAsync($"{Group}/v1/ingresses"))["kind"]!.GetValue<string>());
        var versions = (await host.GetJsonAsync(Group))["versions"]!.AsArray();
        Assert.Equal(["v1alpha7", "v1"], versions.Select(static v => v!["version"]!.GetValue<string>()));
        Assert.NotNull((await host.GetJsonAsync("/openapi/v3"))["paths"]!["apis/networking.k8s.io/v1alpha7"]);
    }

    /// <summary>Two definitions that were established at the same time do not end the service of all others.</summary>
    [Fact]
    public async Task OfTwoKindsByOneNameTheFirstIsServed()
    {
        await using var host = await ProtocolHost.StartAsync();
        await DefineAsync(host, "integer");
        await DefineAsync(host, "integer", "ships.harbour.example.com", "Boat");
        await DefineAsync(host, "integer", "docks.harbour.example.com", "Dock");
        Assert.Equal("BoatList", (await host.GetJsonAsync(Boats))["kind"]!.GetValue<string>());
        var docks = await host.GetJsonAsync("/apis/harbour.example.com/v1/docks");
        Assert.Equal("DockList", docks["kind"]!.GetValue<string>());
        Assert.Equal(
            HttpStatusCode.NotFound, (await host.Http.GetAsync("/apis/harbour.example.com/v1/ships")).StatusCode);
    }

    private static CustomKindSource Source(ProtocolHost host, ResourceCatalog catalog) => new(
        catalog, host.Services.GetRequiredService<ObjectReader>(), host.Caches,
        host.Services.GetRequiredService<IResourceClient>(), host.Services.GetRequiredService<WebhookConversions>(),
        TimeProvider.System, NullLogger<CustomKindSource>.Instance);

    private static async Task<bool> Waited(Task changed)
    {
        await changed;
        return true;
    }

    private static async Task<HttpStatusCode> CreateAsync(ProtocolHost host, string name, string length)
    {
        using var body = new StringContent(
            $$$"""
            {"apiVersion":"harbour.example.com/v1","kind":"Boat","metadata":{"name":"{{{name}}}"},"spec":{"length":{{{length}}} } }
            """,
            Encoding.UTF8, "application/json");
        return (await host.Http.PostAsync(Boats, body)).StatusCode;
    }

    private static async Task<string> NextAsync(StreamReader reader) =>
        JsonNode.Parse((await reader.NextLineAsync())!)!["object"]!["metadata"]!["name"]!.GetValue<string>();

    private static JsonNode Length(JsonNode definition) => definition["spec"]!["versions"]![0]!["schema"]![
        "openAPIV3Schema"]!["properties"]!["spec"]!["properties"]!["length"]!;

    private static async Task DefineAsync(
        ProtocolHost host, string type, string name = Name, string kind = "Boat", string version = "v1")
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        var json = """
            {"metadata":{"name":"NAME","annotations":{"api-approved.kubernetes.io":"unapproved"}},
            "spec":{"group":"GROUP","scope":"Cluster","names":{"plural":"PLURAL","singular":"SINGULAR","kind":"KIND",
            "listKind":"KINDList"},"versions":[{"name":"VERSION","served":true,"storage":true,"schema":{"openAPIV3Schema":
            {"type":"object","properties":{"spec":{"type":"object","properties":{"length":{"type":"TYPE"}}}}}}}]}}
            """.Replace("NAME", name, StringComparison.Ordinal).Replace("TYPE", type, StringComparison.Ordinal)
            .Replace("VERSION", version, StringComparison.Ordinal)
            .Replace("GROUP", name[(dot + 1)..], StringComparison.Ordinal)
            .Replace("PLURAL", name[..dot], StringComparison.Ordinal)
            .Replace("SINGULAR", kind.ToLowerInvariant(), StringComparison.Ordinal)
            .Replace("KIND", kind, StringComparison.Ordinal);
        using var body = new StringContent(json, Encoding.UTF8, "application/json");
        (await host.Http.PostAsync(Definitions, body)).EnsureSuccessStatusCode();
        var definition = await host.GetJsonAsync($"{Definitions}/{name}");
        definition["status"]!["acceptedNames"] = definition["spec"]!["names"]!.DeepClone();
        definition["status"]!["conditions"] = new JsonArray(new JsonObject
        {
            ["type"] = "Established", ["status"] = "True", ["reason"] = "Test", ["message"] = "of the test",
            ["lastTransitionTime"] = "2001-01-01T00:00:00Z",
        });
        (await host.Http.PutAsJsonAsync($"{Definitions}/{name}/status", definition)).EnsureSuccessStatusCode();
    }
}
