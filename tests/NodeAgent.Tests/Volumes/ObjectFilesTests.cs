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

    private static V1Volume Projected(params V1VolumeProjection[] sources) =>
        new() { Name = "v", Projected = new V1ProjectedVolumeSource { Sources = sources } };

    private async Task<string> ProblemAsync(V1Volume volume) =>
        (await Assert.ThrowsAsync<VolumeException>(() => _stand.SetUpAsync(volume))).Message;
}
