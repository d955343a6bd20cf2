using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Diagnostics;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Diagnostics;

/// <summary>The forms and contents of <c>/flagz</c> and <c>/statusz</c>, through the whole API.</summary>
public sealed class DiagnosticsHandlerTests(DiagnosticsHandlerTests.World world)
    : IClassFixture<DiagnosticsHandlerTests.World>
{
    private const string Warning =
        "Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and "
        + "is for debugging purposes only.\n";

    [Theory]
    [InlineData("")]
    [InlineData("text/plain")]
    [InlineData("text/plain; charset=utf-8")]
    [InlineData("*/*")]
    [InlineData("application/json;v=foo;g=config.k8s.io;as=Flagz,*/*")]
    public async Task Flags_are_text_for_people(string accept)
    {
        using var answer = await GetAsync("/flagz", accept);

        Assert.Equal("text/plain; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith($"\nkube-apiserver flagz\n{Warning}", text, StringComparison.Ordinal);
        Assert.Matches("\nconnection(: ?|=| )CLASSIFIED\ncontrollers(: ?|=| )true\nport(: ?|=| )6443\n$", text);
    }

    [Fact]
    public async Task Status_is_text_for_people()
    {
        using var answer = await GetAsync("/statusz", "text/plain");

        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith($"\nkube-apiserver statusz\n{Warning}\nStarted", text, StringComparison.Ordinal);
        Assert.Matches("\nBinary version(: ?|=| ) 1\\.36\\.0\nEmulation version(: ?|=| ) 1\\.36\nPaths", text);
    }

    [Theory]
    [InlineData("application/json", "v1beta1")]
    [InlineData("application/json", "v1alpha1")]
    [InlineData("application/*", "v1beta1")]
    public async Task Who_names_the_kind_gets_the_object(string type, string version)
    {
        var flags = await ObjectAsync("/flagz", $"{type};v={version};g=config.k8s.io;as=Flagz");
        Assert.Equal("Flagz", (string?)flags["kind"]);
        Assert.Equal($"config.k8s.io/{version}", (string?)flags["apiVersion"]);
        Assert.Equal("kube-apiserver", (string?)flags["metadata"]?["name"]);
        Assert.Equal(
            """{"connection":"CLASSIFIED","controllers":"true","port":"6443"}""", flags["flags"]?.ToJsonString());

        var status = await ObjectAsync("/statusz", $"{type};v={version};g=config.k8s.io;as=Statusz");
        Assert.Equal("Statusz", (string?)status["kind"]);
        Assert.Equal("1.36.0", (string?)status["binaryVersion"]);
        Assert.Equal("1.36", (string?)status["emulationVersion"]);
        Assert.InRange((long)status["uptimeSeconds"]!, 0, long.MaxValue);
    }

    [Theory]
    [InlineData("v1beta1", "v1alpha1", null)]
    [InlineData(
        "v1alpha1", "v1beta1",
        "299 - \"This version of the flagz endpoint is deprecated. Please use a newer version.\"")]
    public async Task An_old_version_that_is_wanted_first_is_given_with_a_warning(
        string first, string second, string? warning)
    {
        using var answer = await GetAsync(
            "/flagz",
            $"application/json;v={first};g=config.k8s.io;as=Flagz,"
                + $"application/json;v={second};g=config.k8s.io;as=Flagz");

        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal($"config.k8s.io/{first}", (string?)JsonNode.Parse(text)!["apiVersion"]);
        Assert.Equal(
            warning, answer.Headers.NonValidated.TryGetValues("Warning", out var told) ? told.ToString() : null);
    }

    [Fact]
    public async Task Yaml_is_an_object_too()
    {
        using var answer = await GetAsync("/flagz", "application/yaml;v=v1beta1;g=config.k8s.io;as=Flagz");

        Assert.Equal("application/yaml", answer.Content.Headers.ContentType?.ToString());
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("  connection: CLASSIFIED\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/xml")]
    [InlineData("application/json;v=v1beta1;g=config.k8s.io")]
    [InlineData("application/json;v=v2;g=config.k8s.io;as=Flagz")]
    [InlineData("application/json;v=v1beta1;g=config.k8s.io;as=Statusz")]
    [InlineData("application/json;v=v1beta1;g=config.k8s.io;as=Flagz;stream=watch")]
    [InlineData("application/vnd.kubernetes.protobuf;v=v1beta1;g=config.k8s.io;as=Flagz")]
    [InlineData("application/cbor;v=v1beta1;g=config.k8s.io;as=Flagz")]
    [InlineData("text/plain;v=v1beta1;g=config.k8s.io;as=Flagz")]
    public async Task Other_forms_are_refused(string accept)
    {
        using var answer = await GetAsync("/flagz", accept);

        Assert.Equal(HttpStatusCode.NotAcceptable, answer.StatusCode);
        var status = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        Assert.Equal(StatusReasons.NotAcceptable, (string?)status["reason"]);
        Assert.Equal(
            "only the following media types are accepted: application/json, application/yaml, text/plain",
            (string?)status["message"]);
    }

    [Fact]
    public async Task The_index_lists_both_and_status_tells_where_else_to_look()
    {
        var index = (await ObjectAsync("/", "application/json"))["paths"]!.AsArray().Select(static p => (string?)p)
            .ToList();
        Assert.Contains("/flagz", index);
        Assert.Contains("/statusz", index);

        var status = await ObjectAsync("/statusz", "application/json;v=v1beta1;g=config.k8s.io;as=Statusz");
        Assert.Equal(
            ["/flagz", "/healthz", "/livez", "/metrics", "/readyz", "/statusz", "/version"],
            status["paths"]!.AsArray().Select(static p => (string)p!));
    }

    private async Task<JsonNode> ObjectAsync(string path, string accept)
    {
        using var answer = await GetAsync(path, accept);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.ToString());
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
    }

    private async Task<HttpResponseMessage> GetAsync(string path, string accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (accept.Length > 0)
        {
            Assert.True(request.Headers.TryAddWithoutValidation("Accept", accept));
        }

        return await world.Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>One server for all of them: they read only.</summary>
    public sealed class World : IAsyncLifetime
    {
        private ProtocolHost? _host;

        public HttpClient Http => _host!.Http;

        public async ValueTask InitializeAsync() => _host = await ProtocolHost.StartAsync(
            configure: static services => services.AddSingleton(new ServerFlags(new Dictionary<string, string>
            {
                ["port"] = "6443", ["connection"] = ServerFlags.Classified, ["controllers"] = "true",
            })));

        public ValueTask DisposeAsync() => _host?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
