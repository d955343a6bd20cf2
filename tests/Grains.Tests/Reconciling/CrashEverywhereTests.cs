using k8s.Models;
using OrleansOrchestrator.Grains.Core.Nodes;
using OrleansOrchestrator.Grains.Core.Events;
using OrleansOrchestrator.Grains.Core.PodCollection;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.GarbageCollection;
using OrleansOrchestrator.Grains.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>
/// P8: every controller is stopped at every one of its writes, in every way (<see cref="Disturbance"/>), and a
/// successor, or the same instance, goes on. In the end the world is what it is without disturbance, down to the names
/// of generated objects, and on the way there is never more of anything than asked for.
/// </summary>
public sealed partial class CrashEverywhereTests
{
    [Fact]
    public void A_deployment_and_its_sets() => Try(() => new RolloutPlay());

    [Fact]
    public void A_replica_set_and_its_pods() => Try(() => new ReplicaSetPlay());

    [Theory]
    [InlineData("NonIndexed")]
    [InlineData("Indexed")]
    public void A_job_and_its_pods(string mode) => Try(() => new JobPlay(mode));

    [Fact]
    public void A_job_that_fails() => Try(() => new FailingJobPlay());

    [Theory]
    [InlineData("Allow")]
    [InlineData("Replace")]
    public void A_cron_job_and_its_jobs(string policy) => Try(() => new CronJobPlay(policy));

    [Fact]
    public void An_autoscaler_and_its_target() => Try(() => new AutoscalerPlay());

    [Fact]
    public void A_replication_controller_and_its_pods() => Try(() => new ReplicationControllerPlay());

    [Theory]
    [InlineData("OrderedReady")]
    [InlineData("Parallel")]
    public void A_stateful_set_its_claims_and_its_pods(string policy) => Try(() => new StatefulSetPlay(policy));

    [Theory]
    [InlineData("0")]
    [InlineData("1")]
    public void A_daemon_set_and_its_pods(string surge) => Try(() => new DaemonSetPlay(surge));

    [Fact]
    public void A_daemon_set_that_adopts_a_copy_of_its_revision() => Try(static () => new RevisionCopyPlay());

    [Fact]
    public void A_service_and_its_endpoints() => Try(() => new ServicePlay());

    [Fact]
    public void A_service_and_its_load_balancer() => Try(() => new LoadBalancerPlay());

    [Fact]
    public void A_namespace_its_furniture_and_its_end() => Try(() => new NamespacePlay());

    [Fact]
    public void Claims_and_their_volumes() => Try(() => new VolumePlay());

    [Fact]
    public void A_volume_that_is_emptied_for_the_next_claim() => Try(static () => new RecyclerPlay());

    [Theory]
    [InlineData("Delete")]
    [InlineData("Retain")]
    public void Directories_of_claims(string policy) => Try(() => new LocalPathPlay(policy));

    [Fact]
    public void Attachments_of_a_volume_that_moves() => Try(() => new AttachmentPlay());

    [Fact]
    public void Nodes_and_the_ranges_of_their_pods() => Try(() => new NodeFurnishingPlay());

    [Fact]
    public void Nodes_and_what_their_cloud_knows() => Try(() => new CloudNodePlay());

    [Fact]
    public void Routes_of_a_cloud() => Try(() => new RoutesPlay());

    [Fact]
    public void A_range_of_addresses_and_who_has_them() => Try(() => new ServiceRangePlay());

    [Fact]
    public void Requests_for_certificates() => Try(() => new SigningRequestPlay());

    [Fact]
    public void Tokens_to_begin_with_and_tokens_out_of_use() => Try(() => new TokensPlay());

    [Fact]
    public void A_service_whose_hints_follow_the_zones() => Try(() => new HintsPlay());

    [Fact]
    public void A_pod_and_the_claims_of_its_volumes() => Try(static () => new EphemeralVolumePlay());

    [Fact]
    public void A_pod_and_its_claims_of_devices() => Try(() => new ResourceClaimPlay());

    [Fact]
    public void A_quota_a_budget_a_token_and_a_sum_of_roles() => Try(() => new AccountsPlay());

    [Fact]
    public void A_node_that_falls_silent_and_its_pods() => Try(() => new NodePlay());

    [Theory]
    [InlineData("Background")]
    [InlineData("Foreground")]
    [InlineData("Orphan")]
    public void Dependents_of_what_is_deleted(string policy) => Try(() => new CollectionPlay(policy));

    [Fact]
    public void Pods_that_nobody_ends() => Try(() => new PodCollectionPlay());

    [Fact]
    public void Definitions_that_want_the_same_names() => Try(static () => new DefinitionPlay());

    [Fact]
    public void Registrations_of_apis() => Try(static () => new ApiServicePlay());

    [Fact]
    public void What_the_cluster_says_of_itself() => Try(static () => new ClusterWordsPlay());

    [Fact]
    public void Pods_of_which_something_was_left() => Try(static () => new LeftPodsPlay());

    [Fact]
    public void Devices_that_break() => Try(static () => new DeviceTaintPlay());

    [Fact]
    public void Classes_of_volumes_in_use() => Try(static () => new AttributesClassPlay());

    private static void Try(Func<CrashPlay> play)
    {
        var undisturbed = play();
        var expected = undisturbed.Run(Disturbance.None, 0);
        Assert.True(undisturbed.Writes > 1, "the play has writes to disturb");
        foreach (var how in Enum.GetValues<Disturbance>().Where(h => h != Disturbance.None))
        {
            for (var write = 1; write <= undisturbed.Writes; write++)
            {
                try
                {
                    Assert.Equal(expected, play().Run(how, write), ignoreLineEndingDifferences: true);
                }
                catch (Exception error)
                {
                    Assert.Fail($"{how} at write {write} of {undisturbed.Writes}: {error.Message}");
                }
            }
        }
    }

    private static readonly Dictionary<string, string> Web = new() { ["app"] = "web" };

    /// <summary>More endpoints than one slice holds come, some go, others move.</summary>
    private sealed class ServicePlay : CrashPlay
    {
        private const int Pods = 130;

        protected override int Acts => 3;

        protected override void SetUp()
        {
            World.AddNode("n1", zone: "z1");
            World.Api.Seed(new V1Service
            {
                Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
                Spec = new V1ServiceSpec
                {
                    ClusterIP = "10.96.0.10",
                    IpFamilies = ["IPv4"],
                    Selector = new Dictionary<string, string>(Web),
                    Ports = [new V1ServicePort { Name = "http", Port = 80, TargetPort = 8080, Protocol = "TCP" }],
                },
            });
            for (var i = 0; i < Pods; i++)
            {
                World.AddPod($"p{i:000}", "n1", new Dictionary<string, string>(Web), $"10.0.{i / 100}.{1 + (i % 100)}");
            }
        }

        protected override void Change(int act)
        {
            for (var i = 0; act > 0 && i < Pods; i += act == 1 ? 3 : 7)
            {
                if (World.Api.Find<V1Pod>("default", $"p{i:000}") is null)
                {
                    continue;
                }

                if (act == 1)
                {
                    World.Api.Delete<V1Pod>("default", $"p{i:000}", grace: 0);
                }
                else
                {
                    World.SetReady($"p{i:000}", false);
                }
            }
        }

        protected override void Step() => World.Step<V1Service>("web");

        protected override void LoseMemory() => World.LoseActivations();

        protected override void Check()
        {
            var slices = World.Api.All<V1EndpointSlice>();
            Assert.True(slices.Count <= 2, "130 endpoints fit into two slices");
            Assert.All(slices, s => Assert.True((s.Endpoints?.Count ?? 0) <= 100, "a slice holds 100"));
        }
    }

    /// <summary>A namespace gets its account and certificates, and is deleted with what is in it.</summary>
    private sealed class NamespacePlay : CrashPlay
    {
        protected override int Acts => 3;

        protected override void SetUp()
        {
            World.Api.Seed(new V1Namespace
            {
                Metadata = new V1ObjectMeta { Name = "default" }, Spec = new V1NamespaceSpec { Finalizers = ["kubernetes"] },
            });
            World.AddPod("a", "n1");
            World.AddPod("b", "n1");
        }

        protected override void Change(int act)
        {
            if (act == 1)
            {
                World.Api.Change<V1ConfigMap>("default", "kube-root-ca.crt", c => c.Data["ca.crt"] = "forged");
            }
            else if (act == 2)
            {
                World.Api.Delete<V1Namespace>("", "default");
            }
        }

        protected override void Step() => World.Step<V1Namespace>("default");

        protected override void StepOthers()
        {
            foreach (var pod in World.Api.All<V1Pod>().Where(p => p.Metadata.DeletionTimestamp is not null))
            {
                World.EndPod(pod.Metadata.Name);
            }
        }

        protected override void LoseMemory() => World.LoseActivations();
    }

    /// <summary>One of two nodes falls silent; its pods leave when they tolerate it no longer.</summary>
    private sealed class NodePlay : CrashPlay
    {
        private static readonly TimeSpan Pace = TimeSpan.FromSeconds(15);

        /// <summary>
        /// Enough for the grace of the node, and once more for the one of a controller that knows nothing yet.
        /// </summary>
        private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);

        private NodeLifecycleController _lifecycle = null!;
        private TaintEvictionController _eviction = null!;
        private TimeSpan _passed;

        protected override void SetUp()
        {
            World.AddNode("n1");
            World.AddNode("n2");
            World.AddPod("a", "n1");
            World.AddPod("b", "n1");
            World.AddPod("c", "n2");
            World.Api.Change<V1Pod>(
                "default", "b", p => p.Spec.Tolerations = [new V1Toleration { OperatorProperty = "Exists" }]);
        }

        protected override void Step()
        {
            _lifecycle.ResyncAsync(default).GetAwaiter().GetResult();
            _eviction.ResyncAsync(default).GetAwaiter().GetResult();
        }

        protected override void StepOthers()
        {
            if (_passed < Long)
            {
                World.Time.Advance(Pace);
                _passed += Pace;
                World.Renew("n2");
            }
        }

        protected override void LoseMemory()
        {
            _lifecycle = new NodeLifecycleController(World.Services);
            _eviction = new TaintEvictionController(World.Services);
        }
    }

    /// <summary>A Deployment with its sets and pods is deleted.</summary>
    private sealed class CollectionPlay(string policy) : CrashPlay
    {
        private GarbageCollector _collector = null!;

        protected override void SetUp()
        {
            World.AddDeployment("web", 3);
            World.Settle();
            var free = new V1ConfigMap { Metadata = new V1ObjectMeta { Name = "free", NamespaceProperty = "default" } };
            World.Api.Seed(free);
        }

        protected override void Change(int act) => World.Api.Delete<V1Deployment>("default", "web", policy);

        protected override void Step()
        {
            _collector.ResyncAsync(default).GetAwaiter().GetResult();
            _collector.DrainAsync(default).GetAwaiter().GetResult();
        }

        protected override void StepOthers()
        {
            foreach (var pod in World.Api.All<V1Pod>().Where(p => p.Metadata.DeletionTimestamp is not null))
            {
                World.EndPod(pod.Metadata.Name);
            }

            // What failed waits for its back-off.
            World.Time.Advance(TimeSpan.FromMinutes(1));
        }

        protected override void LoseMemory() => _collector = new GarbageCollector(World.Services);
    }

    /// <summary>Events of different ages, whose time ends one after the other.</summary>
    private sealed class EventsPlay : CrashPlay
    {
        private EventExpiryController _controller = null!;

        protected override int Acts => 2;

        protected override void SetUp()
        {
            for (var i = 0; i < 3; i++)
            {
                World.Api.Seed(new Corev1Event
                {
                    Metadata = new V1ObjectMeta { Name = $"e{i}", NamespaceProperty = "default" },
                });
                World.Time.Advance(TimeSpan.FromMinutes(30));
            }
        }

        protected override void Change(int act) => World.Time.Advance(TimeSpan.FromMinutes(20));

        protected override void Step() => _controller.ResyncAsync(default).GetAwaiter().GetResult();

        protected override void LoseMemory() => _controller = new EventExpiryController(World.Services);
    }

    /// <summary>Pods of a node that is gone, and finished ones beyond the threshold.</summary>
    private sealed class PodCollectionPlay : CrashPlay
    {
        private PodCollectionController _controller = null!;

        protected override int Acts => 2;

        protected override void SetUp()
        {
            World.Services.Options.TerminatedPodThreshold = 2;
            World.AddNode("n1");
            World.AddPod("stays", "n1");
            World.AddPod("lost1", "gone");
            World.AddPod("lost2", "gone");
            for (var i = 0; i < 5; i++)
            {
                World.Time.Advance(TimeSpan.FromSeconds(1));
                World.AddPod($"done{i}", "n1");
                World.Api.Change<V1Pod>("default", $"done{i}", p => p.Status.Phase = "Succeeded", "status");
            }
        }

        protected override void Change(int act) => World.Time.Advance(act * PodCollectionController.Quarantine);

        protected override void Step() => _controller.ResyncAsync(default).GetAwaiter().GetResult();

        protected override void StepOthers() => World.Time.Advance(PodCollectionController.Quarantine);

        protected override void LoseMemory() => _controller = new PodCollectionController(World.Services);
    }
}
