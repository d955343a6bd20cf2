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
    private readonly ManualTime _time = new();

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task Volumes_are_waited_for_as_long_as_the_profile_says(int seconds)
    {
        var api = new FakeResourceClient(_time);
        api.Put(WellKnown.Pods, new PodSketch("p").Build().Json);
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
        var binding = new VolumeBinder(api, new ChangeSignals(), _time).BindAsync(
            decision, TestContext.Current.CancellationToken);
        if (seconds > 0)
        {
            await _time.ArmedAsync();
            _time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            Assert.False(binding.IsCompleted);
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal("context deadline exceeded", await binding);
        Assert.Equal("n1", api.Find(WellKnown.PersistentVolumeClaims, claim.Key())!
            .As<V1PersistentVolumeClaim>().Metadata.Annotations["volume.kubernetes.io/selected-node"]);
    }
}
