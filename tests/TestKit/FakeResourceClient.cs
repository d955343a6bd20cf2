using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.TestKit;

/// <summary>
/// The API in memory, with the behaviour that controllers rely on: dense revisions per resource, optimistic locking,
/// generations, status apart from spec, finalizers, graceful deletion of bound pods, propagation policies, namespace
/// termination, owner and label selection, and following without gaps. Admission, defaults and validation are left out.
/// Thread-safe; everything is linearizable, unless caches are held back. A controller that does what its role does not
/// allow fails (<see cref="ControllerRights"/>).
/// </summary>
public sealed class FakeResourceClient : IResourceClient
{
    private readonly FakeApi _api;

    public FakeResourceClient(TimeProvider time)
        : this(new FakeApi(time), new UserIdentity { Name = "test" })
    {
    }

    private FakeResourceClient(FakeApi api, UserIdentity user)
    {
        _api = api;
        User = user;
    }

    public UserIdentity User { get; }

    /// <summary>Looks at every read of one object before it happens; may refuse it with a Status.</summary>
    public Func<ResourceName, ObjectKey, Status?>? BeforeRead
    {
        set => _api.BeforeRead = value;
    }

    /// <summary>Looks at every write before it happens; may throw, or refuse it with a Status.</summary>
    public Func<FakeWrite, Status?>? BeforeWrite
    {
        get => _api.BeforeWrite;
        set => _api.BeforeWrite = value;
    }

    /// <summary>
    /// Is told of every write that was committed; may throw, and then the writer never hears of its success.
    /// </summary>
    public Action<FakeWrite>? AfterWrite
    {
        get => _api.AfterWrite;
        set => _api.AfterWrite = value;
    }

    /// <summary>
    /// May replace the answer to a write that was committed: what a writer hears when the answer was lost.
    /// </summary>
    public Func<FakeWrite, Status?>? LoseAnswer
    {
        get => _api.LoseAnswer;
        set => _api.LoseAnswer = value;
    }

    /// <summary>Is told of every list before it is made: what others do meanwhile.</summary>
    public Action<ListQuery>? BeforeList
    {
        set => _api.BeforeList = value;
    }

    /// <summary>Answers questions, which are not stored; null for all that is.</summary>
    public Func<CreateRequest, ResourceObject?>? Answer
    {
        set => _api.Answer = value;
    }

    /// <summary>From now on caches are behind: they have what there is now.</summary>
    public void HoldView() => _api.HoldView();

    /// <summary>Writes that changed something.</summary>
    public long Writes => _api.Writes;

    public IResourceClient As(UserIdentity user) => new FakeResourceClient(_api, user);

    public ValueTask<Outcome<ResourceObject>> GetAsync(
        ResourceName resource, ObjectKey key, ReadFreshness freshness, CancellationToken cancellationToken) =>
        ValueTask.FromResult(
            _api.BeforeRead?.Invoke(resource, key) is { } refused ? refused : _api.Get(resource, key, freshness));

    public ValueTask<ResourceList> ListAsync(ListQuery query, CancellationToken cancellationToken)
    {
        _api.BeforeList?.Invoke(query);
        return ValueTask.FromResult(_api.List(query));
    }

    public async IAsyncEnumerable<ResourceChange> FollowAsync(
        ResourceName resource, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (items, changes) = _api.Follow(resource);
        foreach (var item in items)
        {
            yield return new ResourceChange { Kind = ChangeKind.Added, Object = item };
        }

        yield return ResourceChange.Synced;
        await foreach (var change in changes.ReadAllAsync(cancellationToken))
        {
            yield return change;
        }
    }

    public ValueTask<Outcome<ResourceObject>> CreateAsync(CreateRequest request, CancellationToken cancellationToken)
    {
        Demand("create", request.Resource, request.Subresource, new ObjectKey(request.Namespace, request.Name));
        return ValueTask.FromResult(_api.Answer?.Invoke(request) is { } answer ? answer : _api.Create(request));
    }

    public ValueTask<Outcome<ResourceObject>> UpdateAsync(UpdateRequest request, CancellationToken cancellationToken)
    {
        Demand("update", request.Resource, request.Subresource, request.Key);
        return ValueTask.FromResult(
            _api.Update(request.Resource, request.Key, request.Subresource, _ => FakeApi.Parse(request.Json)));
    }

    public ValueTask<Outcome<ResourceObject>> PatchAsync(PatchRequest request, CancellationToken cancellationToken)
    {
        Demand("patch", request.Resource, request.Subresource, request.Key);
        return ValueTask.FromResult(_api.Update(request.Resource, request.Key, request.Subresource, current =>
        {
            FakePatches.Merge(current, FakeApi.Parse(request.Patch), request.Kind == PatchKind.Strategic);
            return current;
        }));
    }

    public ValueTask<Outcome<ResourceObject>> DeleteAsync(DeleteRequest request, CancellationToken cancellationToken)
    {
        Demand("delete", request.Resource, "", request.Key);
        return ValueTask.FromResult(_api.Delete(request));
    }

    private void Demand(string verb, ResourceName resource, string subresource, ObjectKey key) =>
        ControllerRights.Demand(User, verb, resource, subresource, key);

    /// <summary>Creates an object, status included: what a test finds already there.</summary>
    public T Seed<T>(T item)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        item.ApiVersion = ResourceOf<T>.ApiVersion;
        item.Kind = ResourceOf<T>.Kind;
        var request = new CreateRequest
        {
            Resource = ResourceOf<T>.Name,
            Namespace = item.Metadata.NamespaceProperty ?? "",
            Name = item.Metadata.Name ?? "",
            Json = ResourceCodec.Encode(item),
        };
        return _api.Create(request, keepStatus: true).Required.As<T>();
    }

    /// <summary>Stores an object as it is, status included, whatever was there.</summary>
    public void Put(ResourceName resource, ReadOnlyMemory<byte> json) =>
        _ = _api.Put(resource, FakeApi.Parse(json)).Required;

    /// <summary>Ends what is followed, as a silo does that stops.</summary>
    public void EndFollowers() => _api.EndFollowers();

    /// <summary>All objects of a resource.</summary>
    public IReadOnlyList<ResourceObject> All(ResourceName resource) =>
        _api.List(new ListQuery { Resource = resource, Freshness = ReadFreshness.Linearizable }).Items;

    /// <summary>One object; null when there is none.</summary>
    public ResourceObject? Find(ResourceName resource, ObjectKey key) =>
        _api.Get(resource, key) is { Succeeded: true } read ? read.Value : null;

    /// <summary>All objects of a kind.</summary>
    public IReadOnlyList<T> All<T>(string inNamespace = "")
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        [
            .. _api.List(ResourceOf<T>.Query(inNamespace) with { Freshness = ReadFreshness.Linearizable }).Items
                .Select(i => i.As<T>()),
        ];

    /// <summary>One object; null when there is none.</summary>
    public T? Find<T>(string inNamespace, string name)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        _api.Get(ResourceOf<T>.Name, new ObjectKey(inNamespace, name)) is { Succeeded: true } read ? read.Value.As<T>() : null;

    /// <summary>
    /// Changes an object in place, as if by another client; <paramref name="subresource"/> as in the API.
    /// </summary>
    public T Change<T>(string inNamespace, string name, Action<T> change, string subresource = "")
        where T : class, IKubernetesObject<V1ObjectMeta> => _api.Update(
            ResourceOf<T>.Name,
            new ObjectKey(inNamespace, name),
            subresource,
            current =>
            {
                var model = ResourceCodec.Decode<T>(Encoding.UTF8.GetBytes(current.ToJsonString()));
                change(model);
                return FakeApi.Parse(ResourceCodec.Encode(model));
            }).Required.As<T>();

    /// <summary>
    /// Ends the grace period of a terminating pod, as its node's agent does when the containers are gone.
    /// </summary>
    public void EndGracePeriod(ObjectKey pod) => _api.EndGracePeriod(pod);

    /// <summary>Deletes as a user would.</summary>
    public void Delete<T>(string inNamespace, string name, string? policy = null, long? grace = null)
        where T : class, IKubernetesObject<V1ObjectMeta> => _api.Delete(new DeleteRequest
        {
            Resource = ResourceOf<T>.Name,
            Key = new ObjectKey(inNamespace, name),
            PropagationPolicy = policy,
            GracePeriodSeconds = grace,
        });
}

/// <summary>A write that the fake is about to make or has made.</summary>
/// <param name="Verb">create, update or delete; put for what a test stores.</param>
/// <param name="Resource">Its resource.</param>
/// <param name="Key">Its object.</param>
/// <param name="Subresource">Empty for the object itself.</param>
public sealed record FakeWrite(string Verb, ResourceName Resource, ObjectKey Key, string Subresource)
{
    /// <summary>The request of a create, so that a test can let it arrive later.</summary>
    public CreateRequest? Create { get; init; }
}
