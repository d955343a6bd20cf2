using k8s.Models;
using OrleansOrchestrator.Grains.Batch.Jobs;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Batch.Jobs;

/// <summary>What wakes a Job soon (no interval of its own), and what waits for more.</summary>
public sealed class JobWakesTests
{
    private readonly World _world = new();

    public JobWakesTests()
    {
        _world.AddJob("j", static _ => { });
        _world.Step<V1Job>("j");
    }

    private string Pod => Assert.Single(_world.Api.All<V1Pod>()).Metadata.Name;

    [Fact]
    public async Task A_pod_that_ends_wakes_soon() =>
        Assert.Null(await IntervalAsync(WellKnown.Pods, () => _world.Finish(Pod, 0)));

    [Fact]
    public async Task A_pod_that_is_to_go_wakes_soon() =>
        Assert.Null(await IntervalAsync(WellKnown.Pods, () => _world.Api.Delete<V1Pod>("default", Pod)));

    [Fact]
    public async Task Another_spec_wakes_soon() => Assert.Null(await IntervalAsync(
        WellKnown.Jobs, () => _world.Api.Change<V1Job>("default", "j", static j => j.Spec.Suspend = true)));

    [Fact]
    public async Task A_pod_that_starts_waits_for_more() =>
        Assert.Equal(JobWakes.BatchPeriod, await IntervalAsync(WellKnown.Pods, () => Change("status", static p =>
            p.Status = new V1PodStatus { Phase = "Running" })));

    [Fact]
    public async Task A_pod_that_was_counted_waits_for_more()
    {
        _world.Finish(Pod, 0);
        Assert.Equal(JobWakes.BatchPeriod, await IntervalAsync(
            WellKnown.Pods, () => Change("", static p => p.Metadata.Finalizers = [])));
    }

    [Fact]
    public async Task The_jobs_own_status_waits_for_more() => Assert.Equal(JobWakes.BatchPeriod, await IntervalAsync(
        WellKnown.Jobs,
        () => _world.Api.Change<V1Job>("default", "j", static j => j.Status.Ready = 7, "status")));

    private void Change(string subresource, Action<V1Pod> change) =>
        _world.Api.Change("default", Pod, change, subresource);

    /// <summary>How long the Job's wake-up may wait when something has changed; null for no longer than any.</summary>
    private async Task<TimeSpan?> IntervalAsync(ResourceName resource, Action act)
    {
        var key = new ObjectKey("default", resource == WellKnown.Pods ? Pod : "j");
        var before = await ReadAsync(resource, key);
        act();
        var change = new ResourceChange
        {
            Kind = ChangeKind.Modified, Object = await ReadAsync(resource, key), Previous = before,
        };
        var intervals = JobWakes.Registration.Follows().Where(f => f.Resource == resource)
            .Select(f => (Interval: f.IntervalOf(change), Keys: Keys(f.Map, change)))
            .Where(static f => f.Keys.Contains(new ObjectKey("default", "j")))
            .Select(static f => f.Interval).ToList();
        Assert.NotEmpty(intervals);
        return intervals.Contains(null) ? null : intervals.Min();
    }

    private async Task<ResourceObject> ReadAsync(ResourceName resource, ObjectKey key) =>
        (await _world.Api.GetAsync(resource, key, ReadFreshness.Cached, CancellationToken.None)).Required;

    private static List<ObjectKey> Keys(Action<ResourceChange, ICollection<ObjectKey>> map, ResourceChange change)
    {
        var keys = new List<ObjectKey>();
        map(change, keys);
        return keys;
    }
}
