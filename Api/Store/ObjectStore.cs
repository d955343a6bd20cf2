using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Store;

/// <summary>
/// Objects as the pipeline uses them: current versions in, next versions out. While a journal moves from one silo
/// to another, or PostgreSQL restarts, calls wait here for a while instead of failing: a read can always be asked
/// again, and a write when it was surely not done. A write whose outcome is unknown is never repeated (P3).
/// </summary>
public sealed class ObjectStore(ObjectDoor door, StoreRoom room, TimeProvider time)
{
    /// <summary>Bytes of an object, defaults and status included; more than a body may have are not stored.</summary>
    private const int MaxObjectBytes = RequestBody.MaxBytes;

    /// <summary>What upstream answers when its store refuses an object for its size.</summary>
    private static readonly Status TooLarge = StatusErrors.Unknown("etcdserver: request is too large");

    /// <summary>The current version of one object; null when there is none.</summary>
    public Task<ResourceObject?> GetAsync(
        ResourceDefinition definition, ObjectKey key, ReadMode mode, CancellationToken cancellationToken) =>
        ReadAsync(
            definition, key,
            async () => await door.GetAsync(definition, key, mode, cancellationToken) is { } stored
                ? await definition.ShowAsync(stored, cancellationToken)
                : null,
            cancellationToken);

    /// <summary>
    /// True when the object is (still) in a version that was seen; null for none. Linearizable, as what is only
    /// computed from that version must be.
    /// </summary>
    public async ValueTask<bool> IsNewestAsync(
        ResourceDefinition definition, ObjectKey key, ResourceObject? seen, CancellationToken cancellationToken)
    {
        var newest = await ReadAsync(
            definition, key, () => door.FindNewestAsync(definition, key, cancellationToken), cancellationToken);
        return newest?.Revision == seen?.Revision;
    }

    private async Task<ResourceObject?> ReadAsync(
        ResourceDefinition definition, ObjectKey key, Func<Task<ResourceObject?>> read,
        CancellationToken cancellationToken)
    {
        var attempts = new Attempts(Attempts.UsualPatience, time);
        while (true)
        {
            try
            {
                return await read();
            }
            catch (Exception error) when (error is StoreUnavailableException or OrleansException or TimeoutException)
            {
                if (!attempts.GoOn)
                {
                    throw error as StoreUnavailableException
                        ?? new StoreUnavailableException(
                            $"{definition.Name} {key} cannot be read now: {error.Message}", error);
                }
            }

            await attempts.PauseAsync(cancellationToken);
        }
    }

    /// <summary>Commits the first version of an object.</summary>
    public Task<Outcome<ResourceObject>> CreateAsync(
        ResourceDefinition definition, ObjectKey key, IKubernetesObject<V1ObjectMeta> item, CancellationToken cancellationToken) =>
        WriteAsync(
            definition, key, EncodedObject.Of(item), WriteKind.Create, 0, ReadMode.Optimistic, cancellationToken);

    /// <summary>Commits a next version, or a deletion with its last state.</summary>
    /// <param name="definition">The kind.</param>
    /// <param name="key">The object.</param>
    /// <param name="next">The next version, or the last state.</param>
    /// <param name="kind">What the write does.</param>
    /// <param name="expectedRevision">The revision that the write was computed from; 0 for a create.</param>
    /// <param name="basis">How that version was read.</param>
    /// <param name="cancellationToken">Gives up before the write is sent.</param>
    public async Task<Outcome<ResourceObject>> WriteAsync(
        ResourceDefinition definition,
        ObjectKey key,
        EncodedObject next,
        WriteKind kind,
        long expectedRevision,
        ReadMode basis,
        CancellationToken cancellationToken)
    {
        var stored = definition.IsStorage
            ? next
            : EncodedObject.Of(await definition.ToStoredAsync(definition.Codec.Decode(next.Json), cancellationToken));
        if (kind != WriteKind.Delete && stored.Json.Length > MaxObjectBytes)
        {
            return TooLarge;
        }

        var write = new ObjectWrite
        {
            Kind = kind,
            ExpectedRevision = expectedRevision,
            Uid = stored.Uid,
            Json = stored.Json,
            RevisionOffset = stored.RevisionOffset,
            Trace = Traces.Current,
        };
        var outcome = await WriteAsync(definition, key, write, basis, cancellationToken);
        return definition.IsStorage ? outcome
            : outcome.Succeeded ? await definition.ShowAsync(outcome.Value, cancellationToken)
            : Named(definition, key, outcome.Error);
    }

    private async Task<Outcome<ResourceObject>> WriteAsync(
        ResourceDefinition definition, ObjectKey key, ObjectWrite write, ReadMode basis,
        CancellationToken cancellationToken)
    {
        var attempts = new Attempts(Attempts.UsualPatience, time);
        while (true)
        {
            try
            {
                var outcome = await door.WriteAsync(definition, key, write, basis, cancellationToken);
                if (outcome.Succeeded)
                {
                    room.Written();
                }

                return outcome;
            }
            catch (StoreUnavailableException full) when (full.IsDiskFull)
            {
                room.Refused();
                throw;
            }
            catch (Exception refused) when (
                CallFailures.WasNotExecuted(refused)
                && refused is not (StoreUnavailableException { IsOverload: true }
                    or StoreUnavailableException { Refusal: not null })
                && attempts.GoOn)
            {
                // The same write again: nothing has been done.
            }

            await attempts.PauseAsync(cancellationToken);
        }
    }

    /// <summary>A refusal that names the resource that was asked, not the one that is stored.</summary>
    private static Status Named(ResourceDefinition definition, ObjectKey key, Status refusal) => refusal.Reason switch
    {
        StatusReasons.AlreadyExists => StatusErrors.AlreadyExists(definition.Name, key.Name),
        StatusReasons.NotFound => StatusErrors.NotFound(definition.Name, key.Name),
        StatusReasons.Conflict => StatusErrors.Modified(definition.Name, key.Name),
        _ => refusal,
    };
}

/// <summary>An object ready to commit.</summary>
public readonly record struct EncodedObject(byte[] Json, int RevisionOffset, string Uid)
{
    public static EncodedObject Of(IKubernetesObject<V1ObjectMeta> item)
    {
        var (json, offset) = ResourceCodec.EncodeForWrite(item);
        return new EncodedObject(json, offset, item.Metadata.Uid);
    }

    /// <summary>True when nothing but the revision differs: then there is nothing to write.</summary>
    public bool IsSameAs(ResourceObject current)
    {
        var old = current.Json.Span;
        var tail = Json.Length - RevisionOffset;
        return old.Length > Json.Length && old[..RevisionOffset].SequenceEqual(Json.AsSpan(0, RevisionOffset)) &&
            EndsAs(current) &&
            !old[RevisionOffset..^tail].ContainsAnyExceptInRange((byte)'0', (byte)'9');
    }

    /// <summary>It takes as many bytes, so that it may differ in nothing but times.</summary>
    public bool IsAsLongAs(ResourceObject current) => current.Json.Length - Json.Length
        == current.Revision.ToString(System.Globalization.CultureInfo.InvariantCulture).Length;

    /// <summary>What stands behind the revision is the same: all but owners of fields and what comes before
    /// them.</summary>
    public bool EndsAs(ResourceObject current) => current.Json.Span.EndsWith(Json.AsSpan(RevisionOffset));

    /// <summary>
    /// The object as an answer that will not be stored: with the revision it has, or (0) as it stands.
    /// </summary>
    public static ResourceObject Transient(ObjectKey key, IKubernetesObject<V1ObjectMeta> item, long revision)
    {
        if (revision != 0)
        {
            item.Metadata.ResourceVersion = revision.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        return new ResourceObject(key, item.Metadata.Uid ?? "", revision, ResourceCodec.EncodeAsStored(item));
    }
}
