using System.Globalization;
using System.Text;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.ConfigMaps;
using OrleansOrchestrator.Grains.Core.Secrets;
using OrleansOrchestrator.Grains.Core.ServiceAccounts;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Secrets;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>
/// Tokens with which machines begin sign <c>cluster-info</c> until they end; old tokens of accounts that nobody
/// uses are made invalid, and go.
/// </summary>
internal sealed class TokensPlay : CrashPlay
{
    private static readonly TimeSpan Long = LegacyTokenPlanner.Period + TimeSpan.FromDays(2);

    private ClusterInfoController _signer = null!;
    private LegacyTokenController _cleaner = null!;

    protected override int Acts => 3;

    protected override void SetUp()
    {
        World.Api.Seed(new V1ConfigMap
        {
            Metadata = new V1ObjectMeta { Name = "cluster-info", NamespaceProperty = "kube-public" },
            Data = new Dictionary<string, string>
            {
                ["kubeconfig"] = "kind: Config\n", ["jws-kubeconfig-gone00"] = "x",
            },
        });
        World.Api.Seed(new V1ConfigMap
        {
            Metadata = new V1ObjectMeta { Name = LegacyTokens.TrackingName, NamespaceProperty = "kube-system" },
            Data = new Dictionary<string, string> { ["since"] = LegacyTokens.Day(World.Time.GetUtcNow()) },
        });
        AddBeginning("gold01", World.Time.GetUtcNow().AddDays(1));
        AddBeginning("gold02", World.Time.GetUtcNow().AddDays(1000));
        AddOld("old1");
        AddOld("old2");
    }

    protected override void Change(int act)
    {
        if (act > 0)
        {
            World.Time.Advance(Long);
            AddBeginning($"gold1{act}", World.Time.GetUtcNow().AddDays(1000));
        }
    }

    protected override void Step()
    {
        foreach (var key in World.Api.All<V1Secret>().Select(s => s.Key())
            .Where(k => k.Namespace == BootstrapToken.Namespace).ToList())
        {
            new SecretTokenReconciler(key, World.Services).ReconcileAsync(default).GetAwaiter().GetResult();
        }

        _signer.ResyncAsync(default).GetAwaiter().GetResult();
        _cleaner.CleanAsync(default).GetAwaiter().GetResult();
    }

    protected override void LoseMemory()
    {
        _signer = new ClusterInfoController(World.Services);
        _cleaner = new LegacyTokenController(World.Services);
    }

    /// <summary>What is used stays, and a Secret goes only after it has been invalid.</summary>
    protected override void Check() => Assert.Contains(
        "bootstrap-token-gold02", World.Api.All<V1Secret>().Select(s => s.Metadata.Name));

    private void AddBeginning(string id, DateTimeOffset end)
    {
        var data = new Dictionary<string, string>
        {
            ["token-id"] = id,
            ["token-secret"] = "0123456789abcdef",
            ["usage-bootstrap-signing"] = "true",
            ["expiration"] = end.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        };
        World.Api.Seed(new V1Secret
        {
            Metadata = new V1ObjectMeta
            {
                Name = BootstrapToken.NamePrefix + id, NamespaceProperty = BootstrapToken.Namespace,
            },
            Type = BootstrapToken.SecretType,
            Data = data.ToDictionary(d => d.Key, d => Encoding.UTF8.GetBytes(d.Value)),
        });
    }

    private void AddOld(string name)
    {
        World.Api.Seed(new V1ServiceAccount
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
            Secrets = [new V1ObjectReference { Name = name }],
        });
        World.Api.Seed(new V1Secret
        {
            Metadata = new V1ObjectMeta
            {
                Name = name,
                NamespaceProperty = "default",
                Annotations = new Dictionary<string, string> { ["kubernetes.io/service-account.name"] = name },
            },
            Type = SecretTokenPlanner.Type,
        });
    }
}
