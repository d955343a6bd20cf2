using System.Collections.Concurrent;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

public sealed class EventSinkTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly World _world = new();

    [Fact]
    public async Task Events_about_several_objects_do_not_wait_for_each_other_and_those_about_one_do()
    {
        var api = new Gate(_world.Api, "b");
        using var sink = new EventSink(api, _world.Time, NullLogger<EventSink>.Instance);
        var events = sink.For("tester");
        foreach (var (name, reason) in new[] { ("a", "First"), ("a", "Second"), ("b", "Only"), ("a", "Second") })
        {
            events.Record(EventNote.Normal(Job(name), reason, "it happened"));
        }

        await sink.StartAsync(CancellationToken.None);
        await api.UntilAsync(4);
        await sink.StopAsync(CancellationToken.None);
        Assert.Equal(["a First", "a Second", "a Second"], api.Written.Where(static w => w[0] == 'a'));
        Assert.Equal(
            [("First", 1), ("Only", 1), ("Second", 2)],
            _world.Api.All<Corev1Event>().Select(static e => (e.Reason, e.Count ?? 0)).Order());
    }

    /// <summary>kubectl prints <c>x2 over 1m</c> of it: the times are those of the events, not of writing.</summary>
    [Fact]
    public async Task A_repeated_event_tells_when_it_happened_first_and_last()
    {
        var begun = _world.Time.GetUtcNow();
        var (events, note) = (_world.Events.For("job-controller"), EventNote.Warning(Job("a"), "Failed", "it did not"));
        events.Record(note);
        _world.Time.Advance(TimeSpan.FromMinutes(1));
        events.Record(note);
        _world.Time.Advance(TimeSpan.FromMinutes(5));

        await _world.Events.FlushAsync(CancellationToken.None);

        Assert.Equal((2, begun, begun.AddMinutes(1)), Told(Assert.Single(_world.Api.All<Corev1Event>())));
    }

    [Fact]
    public async Task A_repeated_event_that_is_gone_is_written_anew_with_what_is_known_of_it()
    {
        var begun = _world.Time.GetUtcNow();
        var (events, note) = (_world.Events.For("job-controller"), EventNote.Warning(Job("a"), "Failed", "it did not"));
        events.Record(note);
        await _world.Events.FlushAsync(CancellationToken.None);
        var first = Assert.Single(_world.Api.All<Corev1Event>());
        await _world.Api.DeleteAsync(
            new DeleteRequest
            {
                Resource = WellKnown.Events,
                Key = new ObjectKey(first.Metadata.NamespaceProperty, first.Metadata.Name),
            },
            CancellationToken.None);
        _world.Time.Advance(TimeSpan.FromMinutes(1));
        events.Record(note);

        await _world.Events.FlushAsync(CancellationToken.None);

        Assert.Equal((2, begun, begun.AddMinutes(1)), Told(Assert.Single(_world.Api.All<Corev1Event>())));
    }

    private static (int, DateTimeOffset, DateTimeOffset) Told(Corev1Event told) =>
        (told.Count!.Value, told.FirstTimestamp!.Value, told.LastTimestamp!.Value);

    private static V1Job Job(string name) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Uid = $"uid-{name}" },
    };

    /// <summary>The first write of all is held until one about another object arrives.</summary>
    private sealed class Gate(IResourceClient inner, string opener) : IResourceClient
    {
        private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly SemaphoreSlim _done = new(0);
        private readonly ConcurrentDictionary<ObjectKey, string> _names = [];

        public ConcurrentQueue<string> Written { get; } = new();

        public async Task UntilAsync(int writes)
        {
            for (var i = 0; i < writes; i++)
            {
                Assert.True(await _done.WaitAsync(Patience), $"only {i} of {writes} events were written");
            }
        }

        public IResourceClient As(UserIdentity user) => this;

        public async ValueTask<Outcome<ResourceObject>> CreateAsync(
            CreateRequest request, CancellationToken cancellationToken)
        {
            var note = ResourceCodec.Decode<Corev1Event>(request.Json);
            if (note.InvolvedObject.Name == opener)
            {
                _open.TrySetResult();
            }

            await _open.Task.WaitAsync(cancellationToken);
            var key = new ObjectKey(request.Namespace, request.Name);
            _names[key] = $"{note.InvolvedObject.Name} {note.Reason}";
            return await NoteAsync(key, inner.CreateAsync(request, cancellationToken));
        }

        public ValueTask<Outcome<ResourceObject>> PatchAsync(
            PatchRequest request, CancellationToken cancellationToken) =>
            NoteAsync(request.Key, inner.PatchAsync(request, cancellationToken));

        public ValueTask<Outcome<ResourceObject>> GetAsync(
            ResourceName resource, ObjectKey key, ReadFreshness freshness, CancellationToken cancellationToken) =>
            inner.GetAsync(resource, key, freshness, cancellationToken);

        public ValueTask<ResourceList> ListAsync(ListQuery query, CancellationToken cancellationToken) =>
            inner.ListAsync(query, cancellationToken);

        public IAsyncEnumerable<ResourceChange> FollowAsync(
            ResourceName resource, CancellationToken cancellationToken) =>
            inner.FollowAsync(resource, cancellationToken);

        public ValueTask<Outcome<ResourceObject>> UpdateAsync(
            UpdateRequest request, CancellationToken cancellationToken) =>
            inner.UpdateAsync(request, cancellationToken);

        public ValueTask<Outcome<ResourceObject>> DeleteAsync(
            DeleteRequest request, CancellationToken cancellationToken) =>
            inner.DeleteAsync(request, cancellationToken);

        private async ValueTask<Outcome<ResourceObject>> NoteAsync(
            ObjectKey key, ValueTask<Outcome<ResourceObject>> write)
        {
            var outcome = await write;
            Written.Enqueue(_names[key]);
            _done.Release();
            return outcome;
        }
    }
}
