using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Batch.CronJobs;

/// <summary>A CronJob of every hour whose runs replace one another, over a fake API.</summary>
public sealed class CronJobReconcilerTests
{
    private readonly World _world = new();
    private readonly DateTime? _first;

    public CronJobReconcilerTests()
    {
        _world.Api.Seed(new V1CronJob
        {
            Metadata = new V1ObjectMeta { Name = "cj", NamespaceProperty = "default" },
            Spec = new V1CronJobSpec
            {
                Schedule = "@every 1h",
                ConcurrencyPolicy = "Replace",
                JobTemplate = new V1JobTemplateSpec { Spec = new V1JobSpec { Template = World.Template("cj") } },
            },
        });
        _world.Time.Advance(TimeSpan.FromHours(1));
        _world.Step<V1CronJob>("cj");
        _first = Status.LastScheduleTime;
        _world.Time.Advance(TimeSpan.FromHours(1));
    }

    private V1CronJobStatus Status => _world.Api.Find<V1CronJob>("default", "cj")!.Status;

    [Fact]
    public async Task A_run_whose_name_is_anothers_is_not_begun_but_what_it_replaces_is_gone()
    {
        var before = Assert.Single(_world.Api.All<V1Job>()).Metadata.Name;
        var taken = $"cj-{int.Parse(before.Split('-')[1], CultureInfo.InvariantCulture) + 60}";
        _world.Api.Seed(new V1Job
        {
            Metadata = new V1ObjectMeta { Name = taken, NamespaceProperty = "default" }, Spec = new V1JobSpec(),
        });

        _world.Step<V1CronJob>("cj");
        var next = _world.Step<V1CronJob>("cj").After;

        Assert.Equal(taken, Assert.Single(_world.Api.All<V1Job>()).Metadata.Name);
        Assert.Equal((null, _first), (Status.Active, Status.LastScheduleTime));
        Assert.DoesNotContain("MissingJob", await ReasonsAsync());

        Assert.InRange(next!.Value, TimeSpan.FromMinutes(59), TimeSpan.FromMinutes(61));
        _world.Time.Advance(next.Value);
        _world.Step<V1CronJob>("cj");
        Assert.Equal(_first + TimeSpan.FromHours(2), Status.LastScheduleTime);
        Assert.Single(Status.Active);
    }

    [Fact]
    public void A_run_whose_name_was_taken_and_is_free_again_is_tried_again()
    {
        var before = Assert.Single(_world.Api.All<V1Job>()).Metadata.Name;
        _world.Api.BeforeWrite = w => w.Resource == WellKnown.Jobs && w.Verb == "create"
            ? StatusErrors.AlreadyExists(w.Resource, w.Key.Name)
            : null;
        Assert.ThrowsAny<Exception>(() => _world.Step<V1CronJob>("cj"));

        _world.Api.BeforeWrite = null;
        _world.Step<V1CronJob>("cj");
        Assert.NotEqual(before, Assert.Single(_world.Api.All<V1Job>()).Metadata.Name);
        Assert.Equal(_first + TimeSpan.FromHours(1), Status.LastScheduleTime);
    }

    [Fact]
    public async Task A_run_that_is_refused_is_told_and_what_it_replaces_is_gone()
    {
        _world.Api.BeforeWrite = static w => w.Resource == WellKnown.Jobs && w.Verb == "create"
            ? StatusErrors.Forbidden(w.Resource, w.Key.Name, "a policy says so")
            : null;

        Assert.ThrowsAny<Exception>(() => _world.Step<V1CronJob>("cj"));

        Assert.Equal((null, _first), (Status.Active, Status.LastScheduleTime));
        Assert.Contains("FailedCreate", await ReasonsAsync());
    }

    private async Task<IEnumerable<string>> ReasonsAsync()
    {
        await _world.Events.FlushAsync(default);
        return _world.Api.All<Corev1Event>().Select(static e => e.Reason);
    }
}
