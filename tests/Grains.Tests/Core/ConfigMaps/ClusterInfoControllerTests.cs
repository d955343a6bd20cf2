using System.Text;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.ConfigMaps;
using OrleansOrchestrator.Grains.Core.Secrets;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.ConfigMaps;

public sealed class ClusterInfoControllerTests
{
    private readonly World _world = new();

    [Fact]
    public async Task It_is_signed_by_the_tokens_that_may()
    {
        Add("gold01");
        Add("gold02", signs: false);
        Add("gold03", expiration: "2001-01-01T00:00:00Z");
        _world.Api.Seed(new V1ConfigMap
        {
            Metadata = new V1ObjectMeta { Name = "cluster-info", NamespaceProperty = "kube-public" },
            Data = new Dictionary<string, string>
            {
                ["kubeconfig"] = "apiVersion: v1\nkind: Config\n", ["jws-kubeconfig-gone00"] = "old", ["more"] = "x",
            },
        });
        await StepAsync();
        Assert.Equal(["jws-kubeconfig-gold01", "kubeconfig", "more"], Keys());
        Assert.EndsWith(
            "..pgOsG8TK3NYimIUTTsYEAAViWJdjaxd2a7mOx_SB5qw", Info()["jws-kubeconfig-gold01"], StringComparison.Ordinal);
        var writes = _world.Api.Writes;
        await StepAsync();
        Assert.Equal(writes, _world.Api.Writes);

        _world.Api.Change<V1ConfigMap>("kube-public", "cluster-info", c => c.Data["kubeconfig"] = "other");
        var old = Info()["jws-kubeconfig-gold01"];
        await StepAsync();
        Assert.NotEqual(old, Info()["jws-kubeconfig-gold01"]);

        _world.Api.Delete<V1Secret>("kube-system", "bootstrap-token-gold01");
        await StepAsync();
        Assert.Equal(["kubeconfig", "more"], Keys());
    }

    [Fact]
    public async Task A_token_goes_at_its_end()
    {
        var end = _world.Time.GetUtcNow().AddMinutes(5);
        Add("gold01", expiration: end.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null));
        var reconciler = new SecretTokenReconciler(
            new ObjectKey("kube-system", "bootstrap-token-gold01"), _world.Services);
        var result = await reconciler.ReconcileAsync(default);
        Assert.Equal(TimeSpan.FromMinutes(5), result.After);
        Assert.Single(_world.Api.All<V1Secret>());

        _world.Time.Advance(TimeSpan.FromMinutes(5));
        await reconciler.ReconcileAsync(default);
        Assert.Empty(_world.Api.All<V1Secret>());
    }

    private void Add(string id, bool signs = true, string expiration = "")
    {
        var data = new Dictionary<string, string>
        {
            ["token-id"] = id, ["token-secret"] = "0123456789abcdef",
            ["usage-bootstrap-signing"] = signs ? "true" : "false", ["expiration"] = expiration,
        };
        _world.Api.Seed(new V1Secret
        {
            Metadata = new V1ObjectMeta { Name = $"bootstrap-token-{id}", NamespaceProperty = "kube-system" },
            Type = "bootstrap.kubernetes.io/token",
            Data = data.ToDictionary(d => d.Key, d => Encoding.UTF8.GetBytes(d.Value)),
        });
    }

    private Task StepAsync() => new ClusterInfoController(_world.Services).ResyncAsync(default);

    private IDictionary<string, string> Info() =>
        _world.Api.Find<V1ConfigMap>("kube-public", "cluster-info")!.Data;

    private IEnumerable<string> Keys() => Info().Keys.Order(StringComparer.Ordinal);
}
