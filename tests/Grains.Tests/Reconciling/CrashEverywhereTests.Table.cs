using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Grains.Cloud;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Tests.Cloud;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

public sealed partial class CrashEverywhereTests
{
    /// <summary>How many looks it may take when nothing but the reminder wakes anybody.</summary>
    private const int Reminders = 2;

    /// <summary>Every controller and a play that it has a part in.</summary>
    private static readonly Dictionary<string, Func<CrashPlay>> Plays = new(StringComparer.Ordinal)
    {
        ["apiservice-status-available-controller"] = static () => new ApiServicePlay(),
        ["attachdetach-controller"] = static () => new AttachmentPlay(),
        ["autoregister"] = static () => new ApiServicePlay(),
        ["bootstrap-signer"] = static () => new TokensPlay(),
        ["certificate-controller"] = static () => new SigningRequestPlay(),
        ["cloud-node-controller"] = static () => new CloudNodePlay(),
        ["cloud-node-lifecycle-controller"] = static () => new CloudNodePlay(),
        ["cluster_authentication_trust_controller"] = static () => new ClusterWordsPlay(),
        ["clusterrole-aggregation-controller"] = static () => new AccountsPlay(),
        ["crd-naming-controller"] = static () => new DefinitionPlay(),
        ["cronjob-controller"] = static () => new CronJobPlay("Allow"),
        ["daemon-set-controller"] = static () => new DaemonSetPlay("0"),
        ["deployment-controller"] = static () => new RolloutPlay(),
        ["device-taint-eviction-controller"] = static () => new DeviceTaintPlay(),
        ["disruption-controller"] = static () => new AccountsPlay(),
        ["endpointslice-controller"] = static () => new ServicePlay(),
        ["ephemeral-volume-controller"] = static () => new EphemeralVolumePlay(),
        ["event-expiry-controller"] = static () => new EventsPlay(),
        ["flow-schema-controller"] = static () => new ClusterWordsPlay(),
        ["generic-garbage-collector"] = static () => new CollectionPlay("Foreground"),
        ["horizontal-pod-autoscaler"] = static () => new AutoscalerPlay(),
        ["ip-address-controller"] = static () => new ServiceRangePlay(),
        ["job-controller"] = static () => new JobPlay("Indexed"),
        ["legacy-service-account-token-cleaner"] = static () => new TokensPlay(),
        ["namespace-controller"] = static () => new NamespacePlay(),
        ["node-controller"] = static () => new NodePlay(),
        ["node-ipam-controller"] = static () => new NodeFurnishingPlay(),
        ["orphaned-job-pod-controller"] = static () => new LeftPodsPlay(),
        ["persistent-volume-binder"] = static () => new VolumePlay(),
        ["pod-garbage-collector"] = static () => new PodCollectionPlay(),
        ["pvc-protection-controller"] = static () => new VolumePlay(),
        ["replicaset-controller"] = static () => new ReplicaSetPlay(),
        ["replication-controller"] = static () => new ReplicationControllerPlay(),
        ["resource-claim-controller"] = static () => new ResourceClaimPlay(),
        ["resourcequota-controller"] = static () => new AccountsPlay(),
        ["route-controller"] = static () => new RoutesPlay(),
        ["service-cidrs-controller"] = static () => new ServiceRangePlay(),
        ["service-controller"] = static () => new LoadBalancerPlay(),
        ["stale-disruption-controller"] = static () => new LeftPodsPlay(),
        ["statefulset-controller"] = static () => new StatefulSetPlay("OrderedReady"),
        ["taint-eviction-controller"] = static () => new NodePlay(),
        ["tokens-controller"] = static () => new AccountsPlay(),
        ["validatingadmissionpolicy-status-controller"] = static () => new ClusterWordsPlay(),
        ["volumeattributesclass-protection-controller"] = static () => new AttributesClassPlay(),
    };

    public static TheoryData<string> Controllers => [.. Plays.Keys];

    [Fact]
    public void Every_controller_has_a_play()
    {
        var services = new ServiceCollection();
        services.AddOrchestratorControllers();
        services.AddCloud(static _ => new FakeCloud());
        var names = services.Select(static s => s.ImplementationInstance).OfType<ControllerRegistration>()
            .Select(static r => r.Name);
        Assert.Equal(Plays.Keys.Order(StringComparer.Ordinal), names.Order(StringComparer.Ordinal));
    }

    /// <summary>
    /// In plays nobody follows anything: each look is what a reminder causes, and what was done in it is seen in the
    /// next only.
    /// </summary>
    [Theory]
    [MemberData(nameof(Controllers))]
    public void Without_any_wake_up_two_reminders_are_enough(string controller)
    {
        var play = Plays[controller]();
        play.Run(Disturbance.None, 0);
        Assert.InRange(play.LooksAlone, 1, Reminders);
    }

    [Theory]
    [MemberData(nameof(Controllers))]
    public void A_wake_up_that_comes_twice_does_nothing_more(string controller)
    {
        var (once, twice) = (Plays[controller](), Plays[controller]());
        twice.IsWokenTwice = true;
        Assert.Equal(once.Run(Disturbance.None, 0), twice.Run(Disturbance.None, 0), ignoreLineEndingDifferences: true);
        Assert.Equal(once.Creates, twice.Creates);
    }

    /// <summary>Each of them in turn.</summary>
    [Theory]
    [MemberData(nameof(Controllers))]
    public void For_a_wake_up_that_is_lost_the_next_makes_up(string controller)
    {
        var whole = Plays[controller]();
        var expected = whole.Run(Disturbance.None, 0);
        for (var lost = 1; lost <= whole.WakeUps; lost++)
        {
            var play = Plays[controller]();
            play.LostWakeUp = lost;
            Assert.Equal(expected, play.Run(Disturbance.None, 0), ignoreLineEndingDifferences: true);
            Assert.Equal(whole.Creates, play.Creates);
        }
    }
}
