using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// The owner of one object: serializes its writes and keeps its newest version in memory. The optimistic lock itself is decided by the
/// journal, so even two activations of one grain (possible while membership changes) cannot lose an update. Kinds that reconcile
/// override <see cref="OnReconcileAsync"/>.
/// </summary>
public abstract class ObjectGrainBase : Grain, IObjectGrain
{
    private readonly IPersistentState<ObjectState> _state;
    private readonly ReconcileLoop _reconciling;

    protected ObjectGrainBase(ObjectGrainServices services)
    {
        Address = ObjectAddress.Parse(this.GetPrimaryKeyString());
        Time = services.Time;
        Logger = services.CreateLogger(GetType());
        _state = services.States.Create<ObjectState>(GrainContext, JournalStateConfiguration.Instance);
        _reconciling = new ReconcileLoop(OnReconcileAsync, DelayDeactivation, Time, Logger, Address.ToString());
    }

    /// <summary>Which object this is.</summary>
    protected ObjectAddress Address { get; }

    protected TimeProvider Time { get; }

    protected ILogger Logger { get; }

    /// <inheritdoc/>
    public async Task<ResourceObject?> GetAsync(ReadMode mode, CancellationToken cancellationToken)
    {
        if (mode == ReadMode.Verified || !_state.State.IsLoaded)
        {
            _state.State.WantsRead = true;
            await StoreAsync(static (state, token) => state.ReadStateAsync(token), cancellationToken);
        }

        return _state.State.Current;
    }

    /// <inheritdoc/>
    public async Task<Outcome<ResourceObject>> WriteAsync(ObjectWrite write, CancellationToken cancellationToken)
    {
        _state.State.Next = write;
        await StoreAsync(static (state, token) => state.WriteStateAsync(token), cancellationToken);
        return _state.State.Answer;
    }

    /// <inheritdoc/>
    public Task ReconcileAsync()
    {
        Signal();
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _reconciling.Dispose();
        return base.OnDeactivateAsync(reason, cancellationToken);
    }

    /// <summary>Asks for a reconcile step that begins after this call; same as the signal from outside.</summary>
    protected void Signal() => _reconciling.Signal();

    /// <summary>
    /// One reconcile step: reads everything, enforces everything (P8). Runs as a background task of the activation, never inside a grain
    /// call, so it may write through the pipeline to its own grain. Throwing means: again, with exponential backoff.
    /// </summary>
    protected virtual Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        Task.FromResult(ReconcileResult.Done);

    /// <summary>Runs a storage operation; on failure memory is suspect, so the activation ends (P3).</summary>
    private async Task StoreAsync(
        Func<IPersistentState<ObjectState>, CancellationToken, Task> operation, CancellationToken cancellationToken)
    {
        try
        {
            await operation(_state, cancellationToken);
        }
        catch (OrleansException error) when (error.InnerException is UnknownOutcomeException or StoreUnavailableException)
        {
            // Orleans wraps what a storage provider throws; callers are promised the kernel's own exceptions.
            DeactivateOnIdle();
            ExceptionDispatchInfo.Throw(error.InnerException);
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }
    }
}
