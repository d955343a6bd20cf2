using Microsoft.OpenApi;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.OpenApi;

public sealed class FacadeDocumentTests
{
    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheWholeFacadeIsOneDocument()
    {
        await using var host = await ProtocolHost.StartAsync();
        var text = await host.Http.GetStringAsync("/openapi/v1.json", Limit);
        if (Environment.GetEnvironmentVariable("FACADE_DOCUMENT") is { Length: > 0 } file)
        {
            await File.WriteAllTextAsync(file, text, Limit);
        }

        var read = OpenApiDocument.Parse(text, "json");
        Assert.Empty(read.Diagnostic!.Errors);
        Assert.Equal(OpenApiSpecVersion.OpenApi3_0, read.Diagnostic.SpecificationVersion);
        var paths = read.Document!.Paths;
        foreach (var group in (string[])["/api/v1/", "/apis/apps/v1/", "/apis/logs.orc.dev/v1/",
            "/apis/coordination.k8s.io/v1/"])
        {
            Assert.Contains(paths, p => p.Key.StartsWith(group, StringComparison.Ordinal));
        }

        var ids = paths.Values.SelectMany(p => p.Operations!.Values).Select(o => o.OperationId).ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        var watch = paths["/api/v1/watch/namespaces/{namespace}/configmaps"].Operations![HttpMethod.Get];
        var content = Assert.Single(watch.Responses!["200"].Content!);
        Assert.Equal("application/json;stream=watch", content.Key);
        Assert.Equal("binary", content.Value.Schema!.Format);
        var lines = paths["/apis/logs.orc.dev/v1/lines"].Operations![HttpMethod.Get].Responses!["200"].Content!;
        var told = lines["application/json;stream=watch"].Schema!.Properties!;
        Assert.Equal(["ADDED", "ERROR"], told["type"].Enum!.Select(static e => e.GetValue<string>()));
        Assert.Equal(["text", "message"], told["object"].OneOf!.Select(
            static o => o.Properties!.Keys.Single(static k => k is "text" or "message")));
    }
}
