using k8s.Models;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

/// <summary>Claims that nobody binds keep a pod waiting, but not for ever.</summary>
public sealed class VolumeBinderTests
{
    private const string Elsewhere =
        "binding volumes: pv \"v\" node affinity doesn't match node \"n1\": no matching NodeSelectorTerms";

    private readonly ManualTime _time = new();

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task Volumes_are_waited_for_as_long_as_the_profile_says(int seconds)
    {
        var api = new FakeResourceClient(_time);
        api.Put(WellKnown.Pods, new PodSketch("p").Build().Json);
        api.Seed(Node());
        var claim = api.Seed(new V1PersistentVolumeClaim
        {
            Metadata = new V1ObjectMeta { Name = "c", NamespaceProperty = "default", Uid = "c" },
            Spec = new V1PersistentVolumeClaimSpec(),
        });
        var decision = new SchedulingDecision(
            new PodReader(new ScalarResources()).Read(new PodSketch("p").Build()), "n1", null, 1)
        {
            Volumes = [new VolumeChoice(claim.Key(), claim.Metadata.Uid, null)],
            VolumePatience = TimeSpan.FromSeconds(seconds),
        };
        var signals = new ChangeSignals();
        var (pod, node) = (
            signals.Next(WellKnown.Pods, decision.Pod.Key), signals.Next(WellKnown.Nodes, new ObjectKey("", "n1")));
        var binding = new VolumeBinder(api, signals, _time).BindAsync(
            decision, TestContext.Current.CancellationToken);
        if (seconds > 0)
        {
            await _time.ArmedAsync();
            _time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            Assert.False(binding.IsCompleted);
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal("binding volumes: context deadline exceeded", await binding);
        Assert.True(pod.IsCompleted);
        Assert.False(node.IsCompleted, "others who wait for the node are not woken");
        Assert.Equal("n1", api.Find(WellKnown.PersistentVolumeClaims, claim.Key())!
            .As<V1PersistentVolumeClaim>().Metadata.Annotations["volume.kubernetes.io/selected-node"]);
    }

    /// <summary>
    /// Where the claim is to have its volume, where that was made, and what is said; null when the pod may be bound.
    /// </summary>
    [Theory]
    [InlineData("n1", "n1", null)]
    [InlineData("n1", "n2", Elsewhere)]
    [InlineData("n2", "n1", "binding volumes: provisioning failed for PVC \"c\"")]
    public async Task A_volume_that_was_made_elsewhere_binds_no_pod(string selected, string place, string? failure)
    {
        var api = new FakeResourceClient(_time);
        api.Put(WellKnown.Pods, new PodSketch("p").Build().Json);
        api.Seed(Node());
        api.Seed(Volume(place));
        var claim = api.Seed(Made(selected));
        var decision = new SchedulingDecision(
            new PodReader(new ScalarResources()).Read(new PodSketch("p").Build()), "n1", null, 1)
        {
            Volumes = [new VolumeChoice(claim.Key(), claim.Metadata.Uid, null)],
        };

        Assert.Equal(failure, await new VolumeBinder(api, new ChangeSignals(), _time).BindAsync(
            decision, TestContext.Current.CancellationToken));
    }

    /// <summary>What is found before the binder of claims has finished.</summary>
    [Theory]
    [InlineData("unreachable", Elsewhere)]
    [InlineData("reset", "binding volumes: ClaimRef got reset for pv \"v\"")]
    [InlineData("deleted", "binding volumes: failed to get node \"n1\": node \"n1\" not found")]
    [InlineData(
        "gone", "binding volumes: failed to check provisioning pvc: persistentvolumeclaims \"c\" not found")]
    [InlineData("refused", "persistentvolumes \"v\" not found")]
    public async Task A_binding_that_cannot_succeed_is_not_waited_for(string what, string failure)
    {
        var api = new FakeResourceClient(_time);
        api.Put(WellKnown.Pods, new PodSketch("p").Build().Json);
        if (what != "deleted")
        {
            api.Seed(Node());
        }

        var made = Made("n1");
        made.Metadata.Annotations.Remove("pv.kubernetes.io/bind-completed");
        made.Spec.VolumeName = what is "reset" or "gone" or "refused" ? null : "v";
        if (what == "gone")
        {
            made.Metadata.Annotations.Clear();
        }

        var claim = api.Seed(made);
        if (what != "refused")
        {
            api.Seed(Volume(what == "unreachable" ? "n2" : "n1"));
        }

        if (what == "reset")
        {
            var unreserved = api.Find(WellKnown.PersistentVolumes, new ObjectKey("", "v"))!.Json;
            api.AfterWrite = _ =>
            {
                api.AfterWrite = null;
                api.Put(WellKnown.PersistentVolumes, unreserved);
            };
        }

        if (what == "gone")
        {
            api.AfterWrite = _ =>
            {
                api.AfterWrite = null;
                api.Delete<V1PersistentVolumeClaim>("default", "c");
            };
        }

        var decision = new SchedulingDecision(
            new PodReader(new ScalarResources()).Read(new PodSketch("p").Build()), "n1", null, 1)
        {
            Volumes = [new VolumeChoice(claim.Key(), claim.Metadata.Uid, what is "reset" or "refused" ? "v" : null)],
        };

        Assert.Equal(failure, await new VolumeBinder(api, new ChangeSignals(), _time).BindAsync(
            decision, TestContext.Current.CancellationToken));
    }

    private static V1Node Node() => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = "n1", Labels = new Dictionary<string, string> { ["kubernetes.io/hostname"] = "n1" },
        },
    };

    private static V1PersistentVolumeClaim Made(string selected) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = "c",
            NamespaceProperty = "default",
            Uid = "c",
            Annotations = new Dictionary<string, string>
            {
                ["volume.kubernetes.io/selected-node"] = selected, ["pv.kubernetes.io/bind-completed"] = "yes",
            },
        },
        Spec = new V1PersistentVolumeClaimSpec { VolumeName = "v" },
    };

    private static V1PersistentVolume Volume(string host) => new()
    {
        Metadata = new V1ObjectMeta { Name = "v" },
        Spec = new V1PersistentVolumeSpec
        {
            NodeAffinity = new V1VolumeNodeAffinity
            {
                Required = new V1NodeSelector
                {
                    NodeSelectorTerms =
                    [
                        new V1NodeSelectorTerm
                        {
                            MatchExpressions =
                            [
                                new V1NodeSelectorRequirement
                                {
                                    Key = "kubernetes.io/hostname", OperatorProperty = "In", Values = [host],
                                },
                            ],
                        },
                    ],
                },
            },
        },
    };
}
