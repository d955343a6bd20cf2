using System.Threading.Channels;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Policies;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Policies;

/// <summary>What is known of policies and of whom they mean.</summary>
public sealed class PolicyDirectoryTests
{
    [Fact]
    public void Whom_policies_may_mean_is_known_only_as_long_as_there_are_any()
    {
        using var api = new RefusingApi();
        using var directory = Directory(api.Client);
        var changes = 0;
        directory.Changed += () => changes++;
        Assert.Null(directory.Current());
        directory.Replace([]);
        Assert.Empty(directory.Current()!.Policies);
        Assert.Null(directory.Peers);

        directory.Change(WatchEventType.Added, Policy);
        Assert.True(directory.HasPolicies("a"));
        Assert.False(directory.HasPolicies("b"));
        var peers = directory.Peers!;
        peers.ReplaceNamespaces([]);
        Assert.Null(directory.Current());
        peers.ReplacePods([Pod("Running", "10.0.0.1")]);
        Assert.Equal(["p"], directory.Current()!.Policies.Select(static p => p.Metadata.Name));
        Assert.Single(directory.Current()!.Pods);

        directory.Change(WatchEventType.Deleted, Policy);
        Assert.Empty(directory.Current()!.Policies);
        Assert.Null(directory.Peers);
        Assert.Equal(5, changes);
    }

    [Fact]
    public async Task A_node_that_may_not_read_policies_waits_for_none_and_knows_nothing()
    {
        using var api = new RefusingApi();
        using var directory = Directory(api.Client);
        await directory.StartAsync(TestContext.Current.CancellationToken);
        await directory.ListedAsync(TestContext.Current.CancellationToken);
        Assert.Null(directory.Current());
        Assert.False(directory.HasPolicies("a"));
        await directory.StopAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>As long as there is no policy, a node asks for no pods of others; with the first it does.</summary>
    [Fact]
    public async Task Peers_are_asked_for_from_the_first_policy_to_the_last()
    {
        await using var api = await WatchedApi.StartAsync();
        api.Lists("/api/v1/namespaces", new V1Namespace { Metadata = new V1ObjectMeta { Name = "a" } });
        api.Lists("/api/v1/pods", Pod("Running", "10.0.0.1"));
        using var directory = Directory(api.Client);
        var states = Channel.CreateUnbounded<PolicyWorld?>();
        directory.Changed += () => states.Writer.TryWrite(directory.Current());
        await directory.StartAsync(TestContext.Current.CancellationToken);
        await directory.ListedAsync(TestContext.Current.CancellationToken);
        var policies = await api.WatchAsync("/apis/networking.k8s.io/v1/networkpolicies");
        Assert.Null(directory.Peers);

        policies.Send("ADDED", Policy);
        var pods = await api.WatchAsync("/api/v1/pods");
        var namespaces = await api.WatchAsync("/api/v1/namespaces");
        Assert.Equal("spec.nodeName!=n1,spec.nodeName!=", pods.FieldSelector);
        var world = await UntilAsync(states, static w => w?.Pods.Count == 1);
        Assert.Equal((1, 1), (world!.Policies.Count, world.Namespaces.Count));

        pods.Send("MODIFIED", Pod("Running", "10.0.0.2"));
        await UntilAsync(states, static w => w?.Pods is [{ Addresses: ["10.0.0.2"] }]);
        namespaces.Send("DELETED", new V1Namespace { Metadata = new V1ObjectMeta { Name = "a" } });
        await UntilAsync(states, static w => w?.Namespaces.Count == 0);

        policies.Send("DELETED", Policy);
        await UntilAsync(states, static w => w?.Policies.Count == 0);
        Assert.Null(directory.Peers);
        await pods.EndedAsync();
        await namespaces.EndedAsync();

        // The next policy begins anew; who stops asks nothing more, and what is known stays.
        policies.Send("ADDED", Policy);
        (pods, namespaces) = (
            await api.WatchAsync("/api/v1/pods"), await api.WatchAsync("/api/v1/namespaces"));
        await UntilAsync(states, static w => w?.Pods.Count == 1);
        await directory.StopAsync(TestContext.Current.CancellationToken);
        await pods.EndedAsync();
        await namespaces.EndedAsync();
        await policies.EndedAsync();
        Assert.Single(directory.Current()!.Policies);
    }

    [Fact]
    public void Pods_come_change_and_go_and_most_of_what_is_told_of_them_changes_nothing()
    {
        using var api = new RefusingApi();
        var changes = 0;
        var peers = new PolicyPeers(
            api.Client, "n1", TimeProvider.System, NullLogger<PolicyDirectory>.Instance, () => changes++);
        Assert.Null(peers.WorldOf([]));
        peers.ReplaceNamespaces([new V1Namespace { Metadata = new V1ObjectMeta { Name = "a" } }]);
        Assert.Null(peers.WorldOf([]));
        peers.ReplacePods([Pod("Running", "10.0.0.1")]);
        Assert.Equal((2, "10.0.0.1"), (changes, Addresses(peers)));

        peers.ChangePod(WatchEventType.Modified, Pod("Running", "10.0.0.1"));
        Assert.Equal(2, changes);
        peers.ChangePod(WatchEventType.Modified, Pod("Running", "10.0.0.2"));
        Assert.Equal((3, "10.0.0.2"), (changes, Addresses(peers)));
        peers.ChangePod(WatchEventType.Modified, Pod("Succeeded", "10.0.0.2"));
        Assert.Equal((4, ""), (changes, Addresses(peers)));
        peers.ChangePod(WatchEventType.Deleted, Pod("Succeeded", "10.0.0.2"));
        Assert.Equal(4, changes);

        peers.ChangeNamespace(WatchEventType.Modified, new V1Namespace { Metadata = new V1ObjectMeta { Name = "a" } });
        Assert.Equal(4, changes);
        peers.ChangeNamespace(WatchEventType.Deleted, new V1Namespace { Metadata = new V1ObjectMeta { Name = "a" } });
        Assert.Equal(5, changes);
        Assert.Empty(peers.WorldOf([])!.Namespaces);
    }

    private static V1NetworkPolicy Policy => new()
    {
        Metadata = new V1ObjectMeta { NamespaceProperty = "a", Name = "p" }, Spec = new V1NetworkPolicySpec(),
    };

    private static PolicyDirectory Directory(IKubernetes client) => new(
        client, new NodeAgentOptions { NodeName = "n1" }, TimeProvider.System,
        NullLogger<PolicyDirectory>.Instance);

    private static async Task<PolicyWorld?> UntilAsync(
        Channel<PolicyWorld?> states, Func<PolicyWorld?, bool> isWanted)
    {
        while (true)
        {
            if (await states.Reader.ReadAsync().AsTask().WaitAsync(Patiently.Patience) is var state && isWanted(state))
            {
                return state;
            }
        }
    }

    private static V1Pod Pod(string phase, string address) => new()
    {
        Metadata = new V1ObjectMeta { NamespaceProperty = "a", Name = "p", Uid = "u" },
        Spec = new V1PodSpec { Containers = [] },
        Status = new V1PodStatus { Phase = phase, PodIPs = [new V1PodIP { Ip = address }] },
    };

    private static string Addresses(PolicyPeers peers) =>
        string.Join(' ', peers.WorldOf([])!.Pods.SelectMany(static p => p.Addresses));
}
