using System.Collections.Concurrent;
using System.Globalization;
using Orleans.Runtime;
using Orleans.Storage;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// Orleans storage whose medium is the journal: reading asks it for the newest version, writing commits one write. The
/// ETag is the resourceVersion. A refusal is an answer in the state, not an exception: conflicts are normal traffic.
/// </summary>
public sealed class JournalGrainStorage(IGrainFactory grains) : IGrainStorage
{
    /// <summary>The provider's name.</summary>
    public const string Name = "journal";

    /// <summary>Made once: the factory finds the interface anew, by parsing names, for every reference.</summary>
    private readonly ConcurrentDictionary<ResourceName, IJournalGrain> _journals = new();

    /// <inheritdoc/>
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        ReadStateAsync(stateName, grainId, grainState, CancellationToken.None);

    /// <inheritdoc/>
    public async Task ReadStateAsync<T>(
        string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        var state = Cast(grainState);
        if (!state.WantsRead)
        {
            return;
        }

        state.WantsRead = false;
        var (journal, key) = Find(grainId);
        Accept(grainState, await journal.ReadAsync(key, cancellationToken));
    }

    /// <inheritdoc/>
    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        WriteStateAsync(stateName, grainId, grainState, CancellationToken.None);

    /// <inheritdoc/>
    public async Task WriteStateAsync<T>(
        string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        var state = Cast(grainState);
        Invariant.Check(state.Next is not null, "an object grain writes only through WriteAsync", grainId);
        var write = state.Next;
        state.Next = null;
        var (journal, key) = Find(grainId);
        state.Answer = await journal.CommitAsync(new JournalWrite(key, write), cancellationToken);
        if (state.Answer.Succeeded)
        {
            Accept(grainState, write.Kind == WriteKind.Delete ? null : state.Answer.Value);
        }
        else
        {
            // The journal knows something that this activation's memory may not.
            state.IsLoaded = false;
        }
    }

    /// <summary>Objects end by a Delete write, which carries the last state for watchers; never by clearing.</summary>
    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        throw new NotSupportedException("An object is deleted by a write of kind Delete.");

    private (IJournalGrain Journal, ObjectKey Key) Find(GrainId grainId)
    {
        var address = ObjectAddress.Parse(grainId.Key.ToString()!);
        var journal = _journals.GetOrAdd(
            address.Resource, static (name, grains) => grains.GetGrain<IJournalGrain>(name.ToString()), grains);
        return (journal, address.Key);
    }

    private static void Accept<T>(IGrainState<T> grainState, ResourceObject? current)
    {
        var state = Cast(grainState);
        state.Current = current;
        state.IsLoaded = true;
        grainState.RecordExists = current is not null;
        grainState.ETag = current?.Revision.ToString(CultureInfo.InvariantCulture);
    }

    private static ObjectState Cast<T>(IGrainState<T> grainState)
    {
        grainState.State ??= Activator.CreateInstance<T>();
        return grainState.State as ObjectState
            ?? throw new NotSupportedException($"{nameof(JournalGrainStorage)} stores only {nameof(ObjectState)}.");
    }
}

/// <summary>Names the state and its provider, in place of an attribute on every kind's constructor.</summary>
internal sealed class JournalStateConfiguration : IPersistentStateConfiguration
{
    public static readonly JournalStateConfiguration Instance = new();

    public string StateName => "object";

    public string StorageName => JournalGrainStorage.Name;
}
