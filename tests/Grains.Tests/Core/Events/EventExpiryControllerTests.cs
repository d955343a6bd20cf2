using k8s.Models;
using OrleansOrchestrator.Grains.Core.Events;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Events;

/// <summary>Events go some time after their last write, and not before.</summary>
public sealed class EventExpiryControllerTests
{
    private readonly World _world = new();

    [Fact]
    public async Task An_event_goes_an_hour_after_it_was_written()
    {
        Add("e");
        _world.Time.Advance(TimeSpan.FromMinutes(59));
        await StepAsync();
        Assert.NotNull(Find("e"));

        _world.Time.Advance(TimeSpan.FromMinutes(1));
        await StepAsync();
        Assert.Null(Find("e"));
    }

    [Theory]
    [InlineData("count")]
    [InlineData("series")]
    [InlineData("fields")]
    public async Task An_event_that_is_written_again_stays_for_another_hour(string how)
    {
        Add("e");
        _world.Time.Advance(TimeSpan.FromMinutes(50));
        var now = _world.Time.GetUtcNow().UtcDateTime;
        _world.Api.Change<Corev1Event>("default", "e", e =>
        {
            e.LastTimestamp = how == "count" ? now : null;
            e.Series = how == "series" ? new Corev1EventSeries { Count = 2, LastObservedTime = now } : null;
            e.Metadata.ManagedFields = how == "fields"
                ? [new V1ManagedFieldsEntry { Manager = "m", Time = now }]
                : null;
        });
        _world.Time.Advance(TimeSpan.FromMinutes(50));
        await StepAsync();
        Assert.NotNull(Find("e"));

        _world.Time.Advance(TimeSpan.FromMinutes(10));
        await StepAsync();
        Assert.Null(Find("e"));
    }

    [Fact]
    public async Task A_reporter_whose_clock_is_ahead_keeps_nothing_for_longer()
    {
        Add("e");
        _world.Api.Change<Corev1Event>(
            "default", "e", e => e.LastTimestamp = _world.Time.GetUtcNow().UtcDateTime.AddYears(1));
        _world.Time.Advance(TimeSpan.FromHours(1));
        await StepAsync();
        Assert.Null(Find("e"));
    }

    [Fact]
    public async Task A_finalizer_keeps_no_event()
    {
        Add("e");
        _world.Api.Change<Corev1Event>("default", "e", e => e.Metadata.Finalizers = ["example.com/keep"]);
        _world.Time.Advance(TimeSpan.FromHours(1));
        await StepAsync();
        Assert.Null(Find("e"));
    }

    [Fact]
    public async Task What_is_written_while_it_is_looked_at_stays()
    {
        Add("e");
        _world.Time.Advance(TimeSpan.FromHours(1));
        _world.Api.BeforeWrite = w => StatusErrors.Conflict(w.Resource, w.Key.Name, "written meanwhile");
        await StepAsync();
        Assert.NotNull(Find("e"));
    }

    [Fact]
    public async Task Zero_keeps_all()
    {
        _world.Services.Options.EventLife = TimeSpan.Zero;
        Add("e");
        _world.Time.Advance(TimeSpan.FromDays(30));
        await StepAsync();
        Assert.NotNull(Find("e"));
    }

    private void Add(string name) => _world.Api.Seed(new Corev1Event
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        InvolvedObject = new V1ObjectReference { Kind = "Pod", Name = "p", NamespaceProperty = "default" },
    });

    private Corev1Event? Find(string name) => _world.Api.Find<Corev1Event>("default", name);

    private Task StepAsync() => new EventExpiryController(_world.Services).ResyncAsync(default);
}
