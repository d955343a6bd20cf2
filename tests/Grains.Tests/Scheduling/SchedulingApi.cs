using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

/// <summary>
/// The API as tests of the scheduler and of hollow nodes look at it: as JSON, by who wrote what, and with states of the
/// world that can be awaited.
/// </summary>
internal sealed class SchedulingApi : IResourceClient
{
    private readonly World _world;
    private readonly IResourceClient _inner;

    public SchedulingApi()
        : this(new World(), null)
    {
    }

    private SchedulingApi(World world, UserIdentity? user)
    {
        (_world, User) = (world, user);
        _inner = user is null ? world.Api : world.Api.As(user);
    }

    public UserIdentity? User { get; }

    /// <summary>Called before each write; an answer replaces it.</summary>
    public Func<string, ObjectKey, Status?> Intercept
    {
        set => _world.Intercept = value;
    }

    /// <summary>Names of users by what they wrote last: <c>verb resource</c>.</summary>
    public IReadOnlyDictionary<string, string> Writers => _world.Writers;

    public IResourceClient As(UserIdentity user) => new SchedulingApi(_world, user);

    public void Put(ResourceName resource, ResourceObject item) => _world.Api.Put(resource, item.Json);

    /// <summary>Ends what is followed, as a silo does that stops.</summary>
    public void EndFollowers() => _world.Api.EndFollowers();

    public JsonObject? Find(ResourceName resource, ObjectKey key) =>
        _world.Api.Find(resource, key) is { } found ? Body(found) : null;

    public IReadOnlyList<JsonObject> All(ResourceName resource) => [.. _world.Api.All(resource).Select(Body)];

    /// <summary>Waits for a state of the world.</summary>
    public async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var changes = _world.Subscribe();
        while (!condition())
        {
            await changes.ReadAsync(limit.Token);
        }
    }

    public ValueTask<Outcome<ResourceObject>> GetAsync(
        ResourceName resource, ObjectKey key, ReadFreshness freshness, CancellationToken cancellationToken) =>
        _inner.GetAsync(resource, key, freshness, cancellationToken);

    public ValueTask<ResourceList> ListAsync(ListQuery query, CancellationToken cancellationToken) =>
        _inner.ListAsync(query, cancellationToken);

    public IAsyncEnumerable<ResourceChange> FollowAsync(ResourceName resource, CancellationToken cancellationToken) =>
        _inner.FollowAsync(resource, cancellationToken);

    public ValueTask<Outcome<ResourceObject>> CreateAsync(CreateRequest request, CancellationToken cancellationToken) =>
        Refuse(
            request.Subresource.Length > 0 ? request.Subresource : "create",
            request.Resource,
            new ObjectKey(request.Namespace, request.Name)) is { } refusal
            ? new(refusal)
            : _inner.CreateAsync(request, cancellationToken);

    public ValueTask<Outcome<ResourceObject>> UpdateAsync(UpdateRequest request, CancellationToken cancellationToken) =>
        Refuse("update", request.Resource, request.Key) is { } refusal
            ? new(refusal)
            : _inner.UpdateAsync(request, cancellationToken);

    public ValueTask<Outcome<ResourceObject>> PatchAsync(PatchRequest request, CancellationToken cancellationToken) =>
        Refuse("patch", request.Resource, request.Key) is { } refusal
            ? new(refusal)
            : _inner.PatchAsync(request, cancellationToken);

    public ValueTask<Outcome<ResourceObject>> DeleteAsync(DeleteRequest request, CancellationToken cancellationToken) =>
        Refuse("delete", request.Resource, request.Key) is { } refusal
            ? new(refusal)
            : _inner.DeleteAsync(request, cancellationToken);

    private static JsonObject Body(ResourceObject item) => JsonNode.Parse(item.Json.Span)!.AsObject();

    private Status? Refuse(string verb, ResourceName resource, ObjectKey key)
    {
        var what = $"{verb} {resource.Plural}";
        _world.Writers[what] = User?.Name ?? "";
        return _world.Intercept?.Invoke(what, key);
    }

    private sealed class World
    {
        private readonly ConcurrentBag<Channel<bool>> _waiting = [];

        public World() => Api.AfterWrite = _ =>
        {
            foreach (var channel in _waiting)
            {
                channel.Writer.TryWrite(true);
            }
        };

        public FakeResourceClient Api { get; } = new(TimeProvider.System);

        public Func<string, ObjectKey, Status?>? Intercept { get; set; }

        public ConcurrentDictionary<string, string> Writers { get; } = [];

        public ChannelReader<bool> Subscribe()
        {
            var channel = Channel.CreateUnbounded<bool>();
            _waiting.Add(channel);
            return channel.Reader;
        }
    }
}
