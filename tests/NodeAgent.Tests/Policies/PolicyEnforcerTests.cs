using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Policies;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.TestPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Policies;

/// <summary>When policies come into force for the pods of a real runtime.</summary>
[Collection("containers")]
public sealed class PolicyEnforcerTests(NodeHarness node)
{
    [Fact]
    public async Task No_container_runs_before_what_policies_say_of_its_pod_is_in_force()
    {
        node.Require();
        var options = node.Options with { NetworkName = "orctest" };
        using var api = new RefusingApi();
        using var directory = new PolicyDirectory(
            api.Client, options, TimeProvider.System, NullLogger<PolicyDirectory>.Instance);
        using var enforcer = new PolicyEnforcer(
            directory, node.Cluster, node.Get<PodRuntimeCache>(), options, node.Get<KubeletMeters>(),
            TimeProvider.System, NullLogger<PolicyEnforcer>.Instance);
        await enforcer.StartAsync(TestContext.Current.CancellationToken);
        directory.Replace([Policy("other")]);
        directory.Peers!.ReplaceNamespaces([]);
        directory.Peers!.ReplacePods([]);
        var seen = new TaskCompletionSource<(PodRuntimeState Runtime, string Map)>();
        node.Isolation.Ensuring = async (pod, token) =>
        {
            await enforcer.EnsureAsync(pod, token);
            if (pod.Metadata.Name == "isolated")
            {
                var listed = await Commands.RunAsync(
                    "nft", ["list", "map", "ip", options.PolicyTable, "to-pods"], token);
                seen.TrySetResult((node.Get<PodRuntimeCache>().Get(pod.Metadata.Uid), listed.Output));
            }
        };
        try
        {
            // Of a namespace without policies nobody waits.
            var free = node.Cluster.Create(Pod("free", Service("web")));
            await node.Cluster.UntilAsync(free, IsReady, "ready");

            directory.Change(WatchEventType.Added, Policy("default"));
            var isolated = node.Cluster.Create(Pod("isolated", Service("web")));
            var running = await node.Cluster.UntilAsync(isolated, IsReady, "ready");
            var (runtime, map) = await seen.Task;
            Assert.Empty(runtime.Containers);
            Assert.Equal(running.Status.PodIP, Assert.Single(runtime.ReadySandbox!.Ips));
            Assert.Contains($"{running.Status.PodIP} : jump in-", map, StringComparison.Ordinal);

            await node.DeleteAsync(isolated);
            await node.DeleteAsync(free);
        }
        finally
        {
            node.Isolation.Ensuring = null;
            await enforcer.StopAsync(CancellationToken.None);
            directory.Replace([]);
            await Commands.RunAsync("nft", ["delete", "table", "ip", options.PolicyTable], CancellationToken.None);
        }
    }

    private static V1NetworkPolicy Policy(string space) => new()
    {
        Metadata = new V1ObjectMeta { NamespaceProperty = space, Name = "deny" },
        Spec = new V1NetworkPolicySpec { PodSelector = new V1LabelSelector(), PolicyTypes = ["Ingress"] },
    };
}
