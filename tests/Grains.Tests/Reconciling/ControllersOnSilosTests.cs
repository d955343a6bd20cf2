using System.Text;
using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using OrleansOrchestrator.Api;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Grains.Core.Nodes;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Reconciling;
using OrleansOrchestrator.Interfaces.Security;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>The controllers in silos, over the real pipeline, journals and caches.</summary>
public sealed class ControllersOnSilosTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_namespace_lives_and_dies()
    {
        await using var silos = await StartAsync();
        var client = silos.Services.GetRequiredService<IResourceClient>();
        using var stop = new CancellationTokenSource();
        var nodes = RunNodesAsync(client, stop.Token);
        await FurnishAsync(client);
        Require(await client.CreateAsync(Deployment(10), default));
        await UntilAsync<V1Deployment>(client, d => d.Status?.AvailableReplicas == 10 && d.Metadata.Generation == 1);
        await UntilAsync<Corev1Event>(client, e => e.Reason == "ScalingReplicaSet" && e.InvolvedObject.Name == "web");
        await UntilAsync<Corev1Event>(
            client, e => e.Reason == "SuccessfulCreate" && e.Source.Component == "replicaset-controller");
        Require(await client.CreateAsync(Service(), default));
        await UntilAsync<V1EndpointSlice>(client, s => s.Endpoints?.Count(e => e.Conditions.Ready == true) == 10);
        await UntilAsync<V1Endpoints>(client, e => e.Subsets?[0].Addresses?.Count == 10);

        Require(await client.MutateAsync<V1Deployment>(
            new ObjectKey("shop", "web"), "", d => Change(() => d.Spec.Template.Spec.Containers[0].Image = "demo:2"), default));
        await UntilAsync<V1Deployment>(
            client,
            d => d.Status.UpdatedReplicas == 10 && d.Status.Replicas == 10 && d.Status.AvailableReplicas == 10
                && d.Metadata.Annotations["deployment.kubernetes.io/revision"] == "2");

        Require(await client.DeleteAsync(
            new DeleteRequest { Resource = WellKnown.Namespaces, Key = new ObjectKey("", "shop") }, default));
        await UntilGoneAsync(client, WellKnown.Namespaces, new ObjectKey("", "shop"));
        foreach (var resource in new[] { WellKnown.Pods, WellKnown.Deployments, WellKnown.ReplicaSets, WellKnown.EndpointSlices })
        {
            Assert.Empty((await client.ListAsync(new ListQuery { Resource = resource, Namespace = "shop", Freshness = ReadFreshness.Linearizable }, default)).Items);
        }

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => nodes);
    }

    [Fact]
    public async Task Who_follows_at_a_silo_that_stops_comes_to_an_end()
    {
        await using var silos = await StartAsync();
        var client = silos.Services.GetRequiredService<IResourceClient>();
        using var patience = new CancellationTokenSource(Patience);
        await using var pods = client.FollowAsync(WellKnown.Pods, patience.Token).GetAsyncEnumerator(patience.Token);
        Assert.True(await pods.MoveNextAsync());
        silos.Services.GetRequiredService<ResourceCaches>().Close();
        while (await pods.MoveNextAsync())
        {
            // What came before the end.
        }

        foreach (var resource in new[] { WellKnown.Pods, WellKnown.Services })
        {
            Assert.Empty(await client.FollowAsync(resource, patience.Token).ToListAsync(patience.Token));
        }
    }

    [Fact]
    public async Task Reminders_alone_bring_a_deployment_to_its_replicas_and_through_a_rollout()
    {
        await using var silos = await StartAsync(o => o.DropWakeUps = true);
        var client = silos.Services.GetRequiredService<IResourceClient>();
        using var stop = new CancellationTokenSource();
        Task[] world = [RunNodesAsync(client, stop.Token), RemindAsync(silos.Grains, stop.Token)];
        await FurnishAsync(client, withAccount: true);
        Require(await client.CreateAsync(Deployment(5), default));
        await UntilAsync<V1Deployment>(client, d => d.Status?.AvailableReplicas == 5);

        Require(await client.MutateAsync<V1Deployment>(
            new ObjectKey("shop", "web"), "", d => Change(() => d.Spec.Template.Spec.Containers[0].Image = "demo:2"), default));
        await UntilAsync<V1Deployment>(
            client, d => d.Status is { UpdatedReplicas: 5, Replicas: 5, AvailableReplicas: 5 } status && status.ObservedGeneration == 2);

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(world));
    }

    [Fact]
    public async Task Reminders_alone_move_the_pods_of_an_expired_node()
    {
        await using var silos = await StartAsync(o =>
        {
            o.DropWakeUps = true;
            o.NodeMonitorGracePeriod = TimeSpan.FromSeconds(2);
            // Longer than any test: the reminder is all there is.
            o.NodeMonitorPeriod = TimeSpan.FromDays(1);
        });
        var client = silos.Services.GetRequiredService<IResourceClient>();
        using var stop = new CancellationTokenSource();
        await FurnishAsync(client, withAccount: true);
        await ReportNodesAsync(client, "n1", "n2");
        using var first = new CancellationTokenSource();
        Task[] both = [RunNodesAsync(client, first.Token), RenewAsync(client, "n1", first.Token)];
        Task[] world = [RemindAsync(silos.Grains, stop.Token), RenewAsync(client, "n2", stop.Token)];
        var deployment = Deployment(3);
        deployment.Spec.Template.Spec.Tolerations = [.. Tolerations(seconds: 1)];
        Require(await client.CreateAsync(deployment, default));
        await UntilAsync<V1Deployment>(client, d => d.Status?.AvailableReplicas == 3);

        // The first node is gone; what has no node yet goes to the second from now on.
        await first.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(both));
        var second = RunNodesAsync(client, stop.Token, "n2");
        await UntilAsync<V1Node>(
            client, n => n.Metadata.Name == "n1" && n.Spec.Taints?.Any(t => t.Effect == "NoExecute") == true);
        var moved = new HashSet<string>();
        await UntilAsync<V1Pod>(client, p => p.Spec.NodeName == "n2" && p.Status.Phase == "Running" && moved.Add(p.Metadata.Name) && moved.Count == 3);

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll([.. world, second]));
    }

    [Fact]
    public async Task Five_hundred_pods_flow()
    {
        await using var silos = await StartAsync();
        var client = silos.Services.GetRequiredService<IResourceClient>();
        await FurnishAsync(client);
        await UntilAsync<V1ServiceAccount>(client, a => a.Metadata.NamespaceProperty == "shop");
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Require(await client.CreateAsync(Deployment(500), default));
        await UntilAsync<V1ReplicaSet>(client, s => s.Status?.Replicas == 500);
        TestContext.Current.SendDiagnosticMessage($"500 pods created in {watch.ElapsedMilliseconds} ms");
        var pods = await client.ListAsync(
            ResourceOf<V1Pod>.Query("shop") with { Freshness = ReadFreshness.Linearizable }, default);
        Assert.Equal(500, pods.Items.Count);
    }

    [Fact]
    public async Task Controllers_of_a_killed_silo_move_to_another()
    {
        await using var silos = await StartAsync(o => o.KeeperPeriod = TimeSpan.FromMilliseconds(500), count: 2);
        var client = silos.ServicesOf(0).GetRequiredService<IResourceClient>();
        await FurnishAsync(client);
        Require(await client.CreateAsync(Deployment(3), default));
        await UntilAsync<V1ReplicaSet>(client, s => s.Status?.Replicas == 3);
        await silos.Cluster.KillSiloAsync(silos.Cluster.Silos[1]);
        Require(await Retry(() => client.MutateAsync<V1Deployment>(
            new ObjectKey("shop", "web"), "", d => Change(() => d.Spec.Replicas = 7), default)));
        await UntilAsync<V1ReplicaSet>(client, s => s.Status?.Replicas == 7);
    }

    /// <summary>Until the cluster has noticed that a silo is gone, calls to what it hosted fail.</summary>
    private static Task<Outcome<ResourceObject>> Retry(Func<ValueTask<Outcome<ResourceObject>>> write) =>
        Patiently.LastAsync(
            Patience,
            () => Patiently.DoneAsync(Patience, () => write().AsTask(), static _ => true),
            static done => done.Succeeded);

    private static async Task<TestSilos> StartAsync(Action<ControllersOptions>? configure = null, int count = 1) =>
        await TestSilos.StartAsync(new TestSilosOptions
        {
            Silos = count,
            Configure = silo =>
            {
                silo.Configure<ClusterMembershipOptions>(o =>
                {
                    o.ProbeTimeout = TimeSpan.FromMilliseconds(500);
                    o.NumMissedProbesLimit = 2;
                    o.NumVotesForDeathDeclaration = 1;
                });
                silo.Services.AddSingleton(BuiltInResources.Table);
                silo.Services.AddSingleton<IClusterTrust>(new Trust());
                silo.Services.AddSingleton<IAggregatedApis>(new FakeApis());
                silo.Services.AddOrchestratorApi();
                silo.Services.AddOrchestratorControllers(configure);
            },
        });

    private static async Task FurnishAsync(IResourceClient client, bool withAccount = false)
    {
        Require(await client.CreateAsync(new V1Namespace { Metadata = new V1ObjectMeta { Name = "shop" } }, default));
        Require(await client.CreateAsync(new V1Node { Metadata = new V1ObjectMeta { Name = "n1" } }, default));
        if (withAccount)
        {
            Require(await client.CreateAsync(
                new V1ServiceAccount { Metadata = new V1ObjectMeta { Name = "default", NamespaceProperty = "shop" } }, default));
        }
    }

    /// <summary>Fires the reminder of every controller again and again, as time would.</summary>
    private static async Task RemindAsync(IGrainFactory grains, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        string[] names = ["deployment-controller", "replicaset-controller", NodeLifecycleController.Name, TaintEvictionController.Name];
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            foreach (var name in names)
            {
                await grains.GetGrain<IControllerGrain>(name).AsReference<IRemindable>().ReceiveReminder(
                    "resync", default, cancellationToken);
            }
        }
    }

    /// <summary>Nodes that are well, as their kubelets would say.</summary>
    private static async Task ReportNodesAsync(IResourceClient client, params string[] names)
    {
        Require(await client.CreateAsync(new V1Namespace { Metadata = new V1ObjectMeta { Name = "kube-node-lease" } }, default));
        foreach (var name in names)
        {
            // Who furnished the world has made the first.
            await client.CreateAsync(new V1Node { Metadata = new V1ObjectMeta { Name = name } }, default);
            var ready = JsonNode.Parse(
                """{"status":{"conditions":[{"type":"Ready","status":"True","reason":"KubeletReady"}]}}""")!;
            await client.PatchStatusAsync<V1Node>(new ObjectKey("", name), ready.AsObject(), default);
            Require(await client.CreateAsync(
                new V1Lease
                {
                    Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "kube-node-lease" },
                    Spec = new V1LeaseSpec { HolderIdentity = name, LeaseDurationSeconds = 40 },
                },
                default));
        }
    }

    private static async Task RenewAsync(IResourceClient client, string node, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            await client.MutateAsync<V1Lease>(
                new ObjectKey("kube-node-lease", node),
                "",
                l => Change(() => l.Spec.RenewTime = TimeProvider.System.GetUtcNow().UtcDateTime),
                cancellationToken);
        }
    }

    private static IEnumerable<V1Toleration> Tolerations(int seconds) =>
        new[] { "node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready" }.Select(key => new V1Toleration
        {
            Key = key, OperatorProperty = "Exists", Effect = "NoExecute", TolerationSeconds = seconds,
        });

    private static async Task RunNodesAsync(
        IResourceClient client, CancellationToken cancellationToken, string node = "n1")
    {
        var addresses = 0;
        await foreach (var change in client.FollowAsync(WellKnown.Pods, cancellationToken))
        {
            if (ReferenceEquals(change, ResourceChange.Synced) || change.Kind == ChangeKind.Deleted)
            {
                continue;
            }

            var item = change.Object;
            var pod = item.As<V1Pod>();
            if (!string.IsNullOrEmpty(pod.Spec.NodeName) && pod.Spec.NodeName != node)
            {
                continue;
            }

            if (item.Metadata.DeletionTimestamp is not null)
            {
                await client.DeleteAsync(
                    new DeleteRequest { Resource = WellKnown.Pods, Key = item.Key, Uid = item.Uid, GracePeriodSeconds = 0 }, cancellationToken);
            }
            else if (string.IsNullOrEmpty(pod.Spec.NodeName))
            {
                var binding = $$$"""{"apiVersion":"v1","kind":"Binding","metadata":{"name":"{{{item.Key.Name}}}"},"target":{"kind":"Node","name":"{{{node}}}"}}""";
                Require(await client.CreateAsync(
                    new CreateRequest
                    {
                        Resource = WellKnown.Pods, Namespace = item.Key.Namespace, Name = item.Key.Name,
                        Subresource = "binding",
                        Json = Encoding.UTF8.GetBytes(binding),
                    },
                    cancellationToken));
            }
            else if (pod.Status.Phase == "Pending")
            {
                var ip = $"10.1.{++addresses / 250}.{(addresses % 250) + 1}";
                await client.PatchStatusAsync<V1Pod>(item.Key, JsonNode.Parse($$$"""
                    {"status":{"phase":"Running","podIP":"{{{ip}}}","podIPs":[{"ip":"{{{ip}}}"}],
                    "conditions":[{"type":"Ready","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}
                    """)!.AsObject(), cancellationToken);
            }
        }
    }

    private static async Task UntilAsync<T>(IResourceClient client, Func<T, bool> isReached)
        where T : class, k8s.IKubernetesObject<V1ObjectMeta>
    {
        using var patience = new CancellationTokenSource(Patience);
        await foreach (var change in client.FollowAsync(ResourceOf<T>.Name, patience.Token))
        {
            if (!ReferenceEquals(change, ResourceChange.Synced)
                && change.Kind != ChangeKind.Deleted
                && isReached(change.Object.As<T>()))
            {
                return;
            }
        }
    }

    private static async Task UntilGoneAsync(IResourceClient client, ResourceName resource, ObjectKey key)
    {
        using var patience = new CancellationTokenSource(Patience);
        await foreach (var change in client.FollowAsync(resource, patience.Token))
        {
            if (!ReferenceEquals(change, ResourceChange.Synced)
                && change.Kind == ChangeKind.Deleted
                && change.Object.Key == key)
            {
                return;
            }
        }
    }

    private static V1Deployment Deployment(int replicas) => new()
    {
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "shop" },
        Spec = new V1DeploymentSpec
        {
            Replicas = replicas,
            Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["app"] = "web" } },
            Template = World.Template("web"),
        },
    };

    private static V1Service Service() => new()
    {
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "shop" },
        Spec = new V1ServiceSpec
        {
            ClusterIP = "None",
            Selector = new Dictionary<string, string> { ["app"] = "web" },
            Ports = [new V1ServicePort { Port = 80, TargetPort = 8080, Protocol = "TCP" }],
        },
    };

    private static bool Change(Action change)
    {
        change();
        return true;
    }

    private static void Require(Outcome<ResourceObject> outcome) =>
        Assert.True(outcome.Succeeded, outcome.Error?.Message);

    private sealed class Trust : IClusterTrust
    {
        public ValueTask<string> GetAuthorityPemAsync(CancellationToken cancellationToken) =>
            ValueTask.FromResult("PEM");

        public ValueTask<FrontProxyTrust> GetFrontProxyTrustAsync(CancellationToken cancellationToken) =>
            ValueTask.FromResult(FrontProxyTrust.Of("PROXY PEM"));
    }
}
