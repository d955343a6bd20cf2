using Orleans.Runtime;
using OrleansOrchestrator.Interfaces.Reconciling;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>The state of <see cref="ChildCursorGrain"/>.</summary>
[GenerateSerializer, Alias("orch.child-cursor")]
public sealed class ChildCursor
{
    [Id(0)]
    public int Value { get; set; }
}

/// <summary>A cursor in ordinary grain storage.</summary>
[GrainType("child-cursor")]
public sealed class ChildCursorGrain(
    [PersistentState("cursor")] IPersistentState<ChildCursor> state) : Grain, IChildCursorGrain
{
    /// <inheritdoc/>
    public Task<int> LoadAsync() => Task.FromResult(state.State.Value);

    /// <inheritdoc/>
    public async Task SaveAsync(int cursor)
    {
        if (cursor <= state.State.Value)
        {
            return;
        }

        state.State.Value = cursor;
        try
        {
            await state.WriteStateAsync();
        }
        catch
        {
            // What is stored is unknown now: the next call reads it anew.
            DeactivateOnIdle();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task ClearAsync()
    {
        if (state.RecordExists)
        {
            await state.ClearStateAsync();
        }

        DeactivateOnIdle();
    }
}

/// <summary>Cursors that survive the silo.</summary>
public sealed class GrainChildCursors(IGrainFactory grains) : IChildCursors
{
    /// <inheritdoc/>
    public async ValueTask<int> LoadAsync(string ownerUid, CancellationToken cancellationToken) =>
        await Of(ownerUid).LoadAsync();

    /// <inheritdoc/>
    public async ValueTask SaveAsync(string ownerUid, int cursor, CancellationToken cancellationToken) =>
        await Of(ownerUid).SaveAsync(cursor);

    /// <inheritdoc/>
    public async ValueTask ForgetAsync(string ownerUid, CancellationToken cancellationToken) =>
        await Of(ownerUid).ClearAsync();

    private IChildCursorGrain Of(string ownerUid) => grains.GetGrain<IChildCursorGrain>(ownerUid);
}
