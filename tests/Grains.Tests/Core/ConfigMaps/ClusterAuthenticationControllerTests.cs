using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.ConfigMaps;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.ConfigMaps;

public sealed class ClusterAuthenticationControllerTests
{
    private readonly World _world = new();

    [Fact]
    public async Task Servers_of_aggregated_apis_find_whom_to_trust()
    {
        await StepAsync();
        Assert.Equal("PEM", Data()["client-ca-file"]);
        Assert.Equal("PROXY PEM", Data()["requestheader-client-ca-file"]);
        Assert.Equal(
            ["front-proxy-client"], JsonSerializer.Deserialize<string[]>(Data()["requestheader-allowed-names"])!);
        Assert.Equal(
            "[\"X-Remote-User\"] [\"X-Remote-Uid\"] [\"X-Remote-Group\"] [\"X-Remote-Extra-\"]",
            string.Join(
                ' ', Data()["requestheader-username-headers"], Data()["requestheader-uid-headers"],
                Data()["requestheader-group-headers"], Data()["requestheader-extra-headers-prefix"]));
    }

    [Fact]
    public async Task What_others_change_is_mended()
    {
        await StepAsync();
        var writes = _world.Api.Writes;
        await StepAsync();
        Assert.Equal(writes, _world.Api.Writes);
        _world.Api.Change<V1ConfigMap>(
            "kube-system", "extension-apiserver-authentication", c => c.Data["client-ca-file"] = "mine");
        await StepAsync();
        Assert.Equal("PEM", Data()["client-ca-file"]);
        _world.Api.Delete<V1ConfigMap>("kube-system", "extension-apiserver-authentication");
        await StepAsync();
        Assert.Equal("PEM", Data()["client-ca-file"]);
    }

    private Task StepAsync() => new ClusterAuthenticationController(_world.Services).ResyncAsync(default);

    private IDictionary<string, string> Data() =>
        _world.Api.Find<V1ConfigMap>("kube-system", "extension-apiserver-authentication")!.Data;
}
