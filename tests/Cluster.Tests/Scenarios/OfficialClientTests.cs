using System.Text;
using k8s;
using k8s.Models;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>The official C# client: typed create, patch, watch, exec and log.</summary>
[Collection(ClusterTests.Name)]
public sealed class OfficialClientTests(RealCluster cluster)
{
    private const string Space = "official";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task It_creates_watches_patches_reads_logs_and_runs_commands()
    {
        cluster.Require();
        using var patience = new CancellationTokenSource(Patience);
        using var client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(cluster.Kubeconfig));
        await client.CoreV1.CreateNamespaceAsync(
            new V1Namespace { Metadata = new V1ObjectMeta { Name = Space } }, cancellationToken: patience.Token);
        await ServiceAccountAsync(client, patience.Token);

        await client.CoreV1.CreateNamespacedPodAsync(Pod(), Space, cancellationToken: patience.Token);
        var ready = await ReadyAsync(client, patience.Token);
        Assert.StartsWith("10.244.", ready.Status.PodIP, StringComparison.Ordinal);

        var patched = await client.CoreV1.PatchNamespacedPodAsync(
            new V1Patch("{\"metadata\":{\"labels\":{\"seen\":\"yes\"}}}", V1Patch.PatchType.MergePatch), "p", Space, cancellationToken: patience.Token);
        Assert.Equal("yes", patched.Metadata.Labels["seen"]);

        await using var log =
            await client.CoreV1.ReadNamespacedPodLogAsync("p", Space, follow: true, cancellationToken: patience.Token);
        using var reader = new StreamReader(log);
        Assert.Equal("started", await reader.ReadLineAsync(patience.Token));

        Assert.Equal("from inside\n", await ExecAsync(client, patience.Token));
        await client.CoreV1.DeleteNamespaceAsync(Space, cancellationToken: patience.Token);
    }

    private static V1Pod Pod() => new()
    {
        Metadata = new V1ObjectMeta { Name = "p" },
        Spec = new V1PodSpec
        {
            TerminationGracePeriodSeconds = 1,
            Containers =
            [
                new V1Container
                {
                    Name = "c",
                    Image = "orc.local/demo:1",
                    Command = ["/bin/sh", "-c", "trap 'exit 0' TERM; echo started; while true; do sleep 1; done"],
                },
            ],
        },
    };

    // A pod needs its namespace's default account, which a controller makes a moment after the namespace.
    private static async Task ServiceAccountAsync(Kubernetes client, CancellationToken cancellationToken)
    {
        await foreach (var (_, account) in client.CoreV1.WatchListNamespacedServiceAccountAsync(Space, cancellationToken: cancellationToken))
        {
            if (account.Metadata.Name == "default")
            {
                return;
            }
        }
    }

    private static async Task<V1Pod> ReadyAsync(Kubernetes client, CancellationToken cancellationToken)
    {
        await foreach (var (_, pod) in client.CoreV1.WatchListNamespacedPodAsync(Space, cancellationToken: cancellationToken))
        {
            if (pod.Status?.Conditions?.Any(c => c.Type == "Ready" && c.Status == "True") ?? false)
            {
                return pod;
            }
        }

        throw new InvalidOperationException("the watch ended before the pod was ready");
    }

    private static async Task<string> ExecAsync(Kubernetes client, CancellationToken cancellationToken)
    {
        var output = "";
        await client.NamespacedPodExecAsync(
            "p",
            Space,
            "c",
            ["echo", "from inside"],
            false,
            async (_, stdout, _) =>
            {
                using var reader = new StreamReader(stdout, Encoding.UTF8);
                output = await reader.ReadToEndAsync(cancellationToken);
            },
            cancellationToken);
        return output;
    }
}
