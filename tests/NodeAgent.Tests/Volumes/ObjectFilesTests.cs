using k8s.Models;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Volumes;

public sealed class ObjectFilesTests : IDisposable
{
    private readonly VolumeStand _stand = new();

    public void Dispose() => _stand.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_key_that_is_not_there_is_named_in_upstreams_words(bool isProjected)
    {
        _stand.Cluster.Put(new V1ConfigMap
        {
            Metadata = new V1ObjectMeta { Name = "m", NamespaceProperty = "default" },
            Data = new Dictionary<string, string> { ["k"] = "v" },
        });
        _stand.Cluster.Put(new V1Secret
        {
            Metadata = new V1ObjectMeta { Name = "s", NamespaceProperty = "default" },
            Data = new Dictionary<string, byte[]> { ["k"] = [1] },
        });
        IList<V1KeyToPath> items = [new() { Key = "other", Path = "p" }];
        var (map, secret) = isProjected
            ? (Projected(new V1VolumeProjection { ConfigMap = new() { Name = "m", Items = items } }),
                Projected(new V1VolumeProjection { Secret = new() { Name = "s", Items = items } }))
            : (new V1Volume { Name = "v", ConfigMap = new() { Name = "m", Items = items } },
                new V1Volume { Name = "v", Secret = new() { SecretName = "s", Items = items } });

        Assert.EndsWith(
            " : configmap references non-existent config key: other", await ProblemAsync(map), StringComparison.Ordinal);
        Assert.EndsWith(
            " : references non-existent secret key: other", await ProblemAsync(secret), StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_that_is_missing_of_a_projected_volume_is_told_at_once()
    {
        var volume = Projected(
            new V1VolumeProjection { ConfigMap = new() { Name = "m" } },
            new V1VolumeProjection { ConfigMap = new() { Name = "n", Optional = true } },
            new V1VolumeProjection { Secret = new() { Name = "s" } });

        Assert.EndsWith(
            " : [configmap \"m\" not found, secret \"s\" not found]", await ProblemAsync(volume),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_off_in_this_version_is_told_in_upstreams_words()
    {
        var volume = Projected(
            new V1VolumeProjection { ClusterTrustBundle = new() { Name = "b", Path = "b.pem", Optional = true } },
            new V1VolumeProjection { ClusterTrustBundle = new() { SignerName = "example.com/s", Path = "s.pem" } },
            new V1VolumeProjection { PodCertificate = new() { SignerName = "example.com/s", KeyType = "ED25519" } });

        Assert.EndsWith(
            " : [ClusterTrustBundle projection is not supported in static kubelet mode, unimplemented]",
            await ProblemAsync(volume), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_of_which_the_api_has_left_nothing_is_none()
    {
        _stand.Cluster.Put(new V1ConfigMap
        {
            Metadata = new V1ObjectMeta { Name = "m", NamespaceProperty = "default" },
            Data = new Dictionary<string, string> { ["k"] = "v" },
        });
        var place = await _stand.SetUpAsync(Projected(
            new V1VolumeProjection(), new V1VolumeProjection { ConfigMap = new() { Name = "m" } }));

        Assert.Equal("v", await File.ReadAllTextAsync(Path.Combine(place, "k"), TestContext.Current.CancellationToken));
    }

    private static V1Volume Projected(params V1VolumeProjection[] sources) =>
        new() { Name = "v", Projected = new V1ProjectedVolumeSource { Sources = sources } };

    private async Task<string> ProblemAsync(V1Volume volume) =>
        (await Assert.ThrowsAsync<VolumeException>(() => _stand.SetUpAsync(volume))).Message;
}
