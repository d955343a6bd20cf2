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
    /// <summary>The current version of one object; null when there is none.</summary>
    /// <param name="context">The write that wants to know.</param>
    /// <param name="key">The object.</param>
    /// <param name="mode">How it is read.</param>
    public Task<ResourceObject?> GetAsync(WriteContext context, ObjectKey key, ReadMode mode) =>
        ReadAsync(
            context, key, mode,
            static async r => await r.Door.GetAsync(r.Definition, r.Key, r.Mode, r.CancellationToken) is { } stored
                ? await r.Definition.ShowAsync(stored, r.CancellationToken)
                : null);

    /// <summary>
    /// True when the object is (still) in a version that was seen; null for none. Linearizable, as what is only
    /// computed from that version must be.
    /// </summary>
    public async ValueTask<bool> IsNewestAsync(WriteContext context, ResourceObject? seen)
    {
        var newest = await ReadAsync(
            context, context.Key, ReadMode.Verified,
            static r => r.Door.FindNewestAsync(r.Definition, r.Key, r.CancellationToken));
        return newest?.Revision == seen?.Revision;
    }

    private async Task<ResourceObject?> ReadAsync(
        WriteContext context, ObjectKey key, ReadMode mode, Func<PendingRead, Task<ResourceObject?>> read)
    {
        var start = time.GetTimestamp();
        try
        {
            return await Attempts.RepeatAsync(
                new Attempts(Attempts.UsualPatience, time),
                new PendingRead(door, context.Definition, key, mode, context.CancellationToken), read,
                static (r, failure) => failure switch
                {
                    StoreUnavailableException => failure,
                    OrleansException or TimeoutException => new StoreUnavailableException(
                        $"{r.Definition.Name} {r.Key} cannot be read now: {failure.Message}", failure),
                    _ => null,
                },
                context.CancellationToken);
        }
        finally
        {
            context.Waits?.Stored(time.GetElapsedTime(start));
        }
    }

    /// <summary>Commits the first version of an object.</summary>
    public Task<Outcome<ResourceObject>> CreateAsync(
        WriteContext context, ObjectKey key, IKubernetesObject<V1ObjectMeta> item) =>
        WriteAsync(context, key, EncodedObject.Of(item), WriteKind.Create, null, ReadMode.Optimistic);

    /// <summary>Commits a next version, or a deletion with its last state.</summary>
    /// <param name="context">The write; given up before it is sent.</param>
    /// <param name="next">The next version, or the last state.</param>
    /// <param name="kind">What the write does.</param>
    /// <param name="current">The version that the write was computed from.</param>
    /// <param name="basis">How that version was read.</param>
    public Task<Outcome<ResourceObject>> WriteAsync(
        WriteContext context, EncodedObject next, WriteKind kind, ResourceObject current, ReadMode basis) =>
        WriteAsync(context, context.Key, next, kind, current, basis);

    private async Task<Outcome<ResourceObject>> WriteAsync(
        WriteContext context, ObjectKey key, EncodedObject next, WriteKind kind, ResourceObject? current,
        ReadMode basis)
    {
        var (definition, cancellationToken) = (context.Definition, context.CancellationToken);
        var stored = definition.IsStorage
            ? next
            : EncodedObject.Of(await definition.ToStoredAsync(definition.Codec.Decode(next.Json), cancellationToken));
        if (kind != WriteKind.Delete && ObjectSize.Check(definition.Storage, stored.Json) is { } tooLarge
            && Grows(next, current))
        {
            return tooLarge;
        }

        var write = new ObjectWrite
        {
            Kind = kind,
            ExpectedRevision = current?.Revision ?? 0,
            Uid = stored.Uid,
            Json = stored.Json,
            RevisionOffset = stored.RevisionOffset,
            Trace = Traces.Current,
        };
        Outcome<ResourceObject> outcome;
        var start = time.GetTimestamp();
        try
        {
            outcome = await CommitAsync(new PendingWrite(door, definition, key, write, basis, cancellationToken));
        }
        catch (StoreUnavailableException full) when (full.IsDiskFull)
        {
            room.Refused();
            throw;
        }
        finally
        {
            context.Waits?.Stored(time.GetElapsedTime(start));
        }

        if (outcome.Succeeded)
        {
            room.Written();
        }

        return definition.IsStorage ? outcome
            : outcome.Succeeded ? await definition.ShowAsync(outcome.Value, cancellationToken)
            : Named(definition, key, outcome.Error);
    }

    /// <summary>The same write again for as long as nothing was done, and that may pass.</summary>
    private Task<Outcome<ResourceObject>> CommitAsync(PendingWrite request) =>
        Attempts.RepeatAsync(
            new Attempts(Attempts.UsualPatience, time), request,
            static r => r.Door.WriteAsync(r.Definition, r.Key, r.Write, r.Basis, r.CancellationToken),
            static (_, failure) => MayPass(failure) ? failure : null,
            request.CancellationToken);

    /// <summary>True when the write asks for room. What is too large already can still shrink and be deleted.</summary>
    private static bool Grows(EncodedObject next, ResourceObject? current) =>
        current is null || (!next.IsMark && next.IsLongerThan(current));

    /// <summary>True when a write failed without being done, and the cause goes by itself.</summary>
    internal static bool MayPass(Exception failure) => failure is StoreUnavailableException store
        ? store is { IsOverload: false, IsDiskFull: false, Refusal: null }
        : CallFailures.WasNotExecuted(failure);

    /// <summary>A refusal that names the resource that was asked, not the one that is stored.</summary>
    private static Status Named(ResourceDefinition definition, ObjectKey key, Status refusal) => refusal.Reason switch
    {
        StatusReasons.AlreadyExists => StatusErrors.AlreadyExists(definition.Name, key.Name),
        StatusReasons.NotFound => StatusErrors.NotFound(definition.Name, key.Name),
        StatusReasons.Conflict => StatusErrors.Modified(definition.Name, key.Name),
        _ => refusal,
    };

    /// <summary>A read as it is asked again; a value, so that it needs no closure.</summary>
    private readonly record struct PendingRead(
        ObjectDoor Door, ResourceDefinition Definition, ObjectKey Key, ReadMode Mode,
        CancellationToken CancellationToken);

    /// <summary>The same for a write.</summary>
    private readonly record struct PendingWrite(
        ObjectDoor Door, ResourceDefinition Definition, ObjectKey Key, ObjectWrite Write, ReadMode Basis,
        CancellationToken CancellationToken);
}
