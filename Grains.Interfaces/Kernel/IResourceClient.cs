namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>
/// The API in process, for controllers and the scheduler: reads come from the silo's caches, writes go through the same
/// pipeline as HTTP requests (admission, validation, quota, webhooks), under the identity given by <see cref="As"/>.
/// </summary>
public interface IResourceClient
{
    /// <summary>The same client acting as another user.</summary>
    IResourceClient As(UserIdentity user);

    /// <summary>One object, NotFound if there is none.</summary>
    ValueTask<Outcome<ResourceObject>> GetAsync(
        ResourceName resource, ObjectKey key, ReadFreshness freshness, CancellationToken cancellationToken);

    /// <summary>Objects in key order. Selectors are in the query syntax of the API.</summary>
    ValueTask<ResourceList> ListAsync(ListQuery query, CancellationToken cancellationToken);

    /// <summary>
    /// The current objects (as Added, in key order), then <see cref="ResourceChange.Synced"/>, then every change in
    /// order, until the silo stops. After a gap (the cache had to load anew) it starts over with objects and Synced:
    /// state, not history, is promised.
    /// </summary>
    IAsyncEnumerable<ResourceChange> FollowAsync(ResourceName resource, CancellationToken cancellationToken);

    /// <summary>Creates an object, or runs a creating subresource (<c>binding</c>, <c>eviction</c>).</summary>
    ValueTask<Outcome<ResourceObject>> CreateAsync(CreateRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces an object or a subresource of it; the body's resourceVersion, when set, is the optimistic lock.
    /// </summary>
    ValueTask<Outcome<ResourceObject>> UpdateAsync(UpdateRequest request, CancellationToken cancellationToken);

    /// <summary>Patches an object or a subresource of it.</summary>
    ValueTask<Outcome<ResourceObject>> PatchAsync(PatchRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes an object, gracefully if its kind asks for that. The value is the last or the terminating state.
    /// </summary>
    ValueTask<Outcome<ResourceObject>> DeleteAsync(DeleteRequest request, CancellationToken cancellationToken);
}

/// <summary>Who acts: the outcome of authentication.</summary>
public sealed record UserIdentity
{
    public required string Name { get; init; }

    public string Uid { get; init; } = "";

    public IReadOnlyList<string> Groups { get; init; } = [];

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Extra { get; init; } =
        new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>An API server, in what it does of its own accord.</summary>
    public static UserIdentity ApiServer { get; } =
        new() { Name = "system:apiserver", Groups = ["system:masters", "system:authenticated"] };

    /// <summary>A controller of this cluster: <c>system:serviceaccount:kube-system:NAME</c>.</summary>
    public static UserIdentity Controller(string name) => new()
    {
        Name = $"system:serviceaccount:kube-system:{name}",
        Groups = ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
    };
}

/// <summary>How fresh a cached read must be.</summary>
public enum ReadFreshness
{
    /// <summary>Whatever the silo's cache holds now.</summary>
    Cached,

    /// <summary>At least everything acknowledged before the call (P5).</summary>
    Linearizable,
}

/// <summary>What to list.</summary>
public sealed record ListQuery
{
    public required ResourceName Resource { get; init; }

    /// <summary>Empty for all namespaces.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>For example <c>app=web,tier in (a,b)</c>; empty selects all.</summary>
    public string LabelSelector { get; init; } = "";

    /// <summary>For example <c>spec.nodeName=n1</c>; empty selects all.</summary>
    public string FieldSelector { get; init; } = "";

    /// <summary>When set, only objects that have an owner reference with this uid (index look-up).</summary>
    public string? OwnerUid { get; init; }

    /// <summary>
    /// When set, only objects that have no owner reference with this uid: what an owner might adopt. May miss some for
    /// as long as objects that do have that owner are not selected, since the answer "none" then comes from comparing
    /// two counts.
    /// </summary>
    public string? NotOwnedBy { get; init; }

    public ReadFreshness Freshness { get; init; } = ReadFreshness.Cached;
}

/// <summary>The outcome of a list.</summary>
/// <param name="Revision">The revision at which the list is exact.</param>
/// <param name="Items">In key order.</param>
public sealed record ResourceList(long Revision, IReadOnlyList<ResourceObject> Items);

/// <summary>One step of <see cref="IResourceClient.FollowAsync"/>.</summary>
public sealed record ResourceChange
{
    /// <summary>Marks the end of the initial objects.</summary>
    public static readonly ResourceChange Synced = new() { Kind = ChangeKind.Modified, Object = null! };

    public required ChangeKind Kind { get; init; }

    /// <summary>The new state; for Deleted the last state.</summary>
    public required ResourceObject Object { get; init; }

    /// <summary>The state before, when there was one.</summary>
    public ResourceObject? Previous { get; init; }
}

/// <summary>A create.</summary>
public sealed record CreateRequest
{
    public required ResourceName Resource { get; init; }

    public string Namespace { get; init; } = "";

    /// <summary>The object's name; needed only with a subresource.</summary>
    public string Name { get; init; } = "";

    /// <summary><c>binding</c>, <c>eviction</c>, <c>token</c>; empty for the object itself.</summary>
    public string Subresource { get; init; } = "";

    public required ReadOnlyMemory<byte> Json { get; init; }
}

/// <summary>A replacement.</summary>
public sealed record UpdateRequest
{
    public required ResourceName Resource { get; init; }

    public required ObjectKey Key { get; init; }

    /// <summary><c>status</c>, <c>scale</c>; empty for the object itself.</summary>
    public string Subresource { get; init; } = "";

    public required ReadOnlyMemory<byte> Json { get; init; }
}

/// <summary>The patch languages.</summary>
public enum PatchKind
{
    Json,
    Merge,
    Strategic,
    Apply,
}

/// <summary>A patch.</summary>
public sealed record PatchRequest
{
    public required ResourceName Resource { get; init; }

    public required ObjectKey Key { get; init; }

    public string Subresource { get; init; } = "";

    public required PatchKind Kind { get; init; }

    /// <summary>
    /// As whom to own what is applied, taken away from whoever has it; needed with <see cref="PatchKind.Apply"/> only.
    /// </summary>
    public string FieldManager { get; init; } = "";

    public required ReadOnlyMemory<byte> Patch { get; init; }
}

/// <summary>A deletion, with <c>meta/v1 DeleteOptions</c>.</summary>
public sealed record DeleteRequest
{
    public required ResourceName Resource { get; init; }

    public required ObjectKey Key { get; init; }

    /// <summary>Null for the kind's default; 0 at once.</summary>
    public long? GracePeriodSeconds { get; init; }

    /// <summary>Precondition; null for any.</summary>
    public string? Uid { get; init; }

    /// <summary>Precondition; null for any.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary><c>Background</c>, <c>Foreground</c> or <c>Orphan</c>; null for the kind's default.</summary>
    public string? PropagationPolicy { get; init; }

    /// <summary>
    /// The end of the object's lease, which is no request: preconditions hold, but neither admission nor finalizers are
    /// asked, and it is not audited (upstream's store drops what a lease held).
    /// </summary>
    public bool IsExpiry { get; init; }
}
