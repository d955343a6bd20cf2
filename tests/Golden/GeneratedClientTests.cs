using System.Text.Json.Nodes;
using Microsoft.Kiota.Abstractions.Authentication;
using Microsoft.Kiota.Http.HttpClientLibrary;
using OrleansOrchestrator.Golden.Generated;
using OrleansOrchestrator.Golden.Generated.Models.Api.Core.V1;
using OrleansOrchestrator.Golden.Generated.Models.Apimachinery.Pkg.Apis.Meta.V1;
using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>
/// A client that a generator made of <c>/openapi/v1.json</c> (<c>build/client.sh</c>), which knows nothing else of
/// Kubernetes, works.
/// </summary>
public sealed class GeneratedClientTests
{
    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ItCreatesListsPatchesAndWatches()
    {
        await using var host = await GoldenHost.StartAsync();
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new("Bearer", GoldenHost.Token);
        using var adapter = new HttpClientRequestAdapter(new AnonymousAuthenticationProvider(), httpClient: http)
        {
            BaseUrl = host.Address.ToString().TrimEnd('/'),
        };
        var api = new KubernetesApi(adapter).Api.V1;
        var maps = api.Namespaces["default"].Configmaps;

        var created = await maps.PostAsync(Map("first"), cancellationToken: Limit);
        Assert.NotNull(created!.Metadata!.Uid);
        await maps.PostAsync(Map("second"), cancellationToken: Limit);
        var list = await maps.GetAsync(r => r.QueryParameters.LabelSelector = "made=here", Limit);
        Assert.Equal(["first", "second"], list!.Items!.Select(i => i.Metadata!.Name));

        var watch = api.Watch.Namespaces["default"].Configmaps;
        await using var events = await watch.GetAsync(
            r => r.QueryParameters.ResourceVersion = list.Metadata!.ResourceVersion, Limit);
        var patch = new Patch { AdditionalData = { ["data"] = new ConfigMap_data { AdditionalData = { ["k"] = "new" } } } };
        var patched = await maps["first"].PatchAsync(patch, cancellationToken: Limit);
        Assert.Equal("new", patched!.Data!.AdditionalData["k"]);
        Assert.Equal("kept", patched.Data.AdditionalData["other"]);
        await maps["second"].DeleteAsync(new DeleteOptions(), cancellationToken: Limit);

        using var lines = new StreamReader(events!);
        Assert.Equal(("MODIFIED", "first"), await NextAsync(lines));
        Assert.Equal(("DELETED", "second"), await NextAsync(lines));
    }

    private static ConfigMap Map(string name) => new()
    {
        Metadata = new ObjectMeta
        {
            Name = name, Labels = new ObjectMeta_labels { AdditionalData = { ["made"] = "here" } },
        },
        Data = new ConfigMap_data { AdditionalData = { ["k"] = "v", ["other"] = "kept" } },
    };

    private static async Task<(string? Type, string? Name)> NextAsync(StreamReader lines)
    {
        var next = JsonNode.Parse((await lines.ReadLineAsync(Limit))!)!;
        return ((string?)next["type"], (string?)next["object"]!["metadata"]!["name"]);
    }
}
