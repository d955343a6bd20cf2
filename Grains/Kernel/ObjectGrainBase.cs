using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// The owner of one object: serializes its writes and keeps its newest version in memory. The optimistic lock itself is
/// decided by the journal, so even two activations of one grain (possible while membership changes) cannot lose an
/// update. Kinds that reconcile override <see cref="OnReconcileAsync"/>.
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
        _reconciling = new ReconcileLoop(OnReconcileAsync, DelayDeactivation, Time, Logger, Address);
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
            await StoreAsync(static (state, token) => state.ReadStateAsync(token), isWrite: false, cancellationToken);
        }

        return _state.State.Current;
    }

    /// <inheritdoc/>
    public async Task<Outcome<ResourceObject>> WriteAsync(ObjectWrite write, CancellationToken cancellationToken)
    {
        _state.State.Next = write;
        await StoreAsync(static (state, token) => state.WriteStateAsync(token), isWrite: true, cancellationToken);
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
    /// One reconcile step: reads everything, enforces everything (P8). Runs as a background task of the activation,
    /// never inside a grain call, so it may write through the pipeline to its own grain. Throwing means: again, with
    /// exponential backoff.
    /// </summary>
    protected virtual Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        Task.FromResult(ReconcileResult.Done);

    /// <summary>
    /// Runs a storage operation. Callers are promised the kernel's own exceptions, whatever went wrong.
    /// </summary>
    private async Task StoreAsync(
        Func<IPersistentState<ObjectState>, CancellationToken, Task> operation, bool isWrite, CancellationToken cancellationToken)
    {
        try
        {
            await operation(_state, cancellationToken);
        }
        catch (Exception error)
        {
            var failure = Translate(error, isWrite);
            if (failure is not StoreUnavailableException)
            {
                // Memory is suspect, so the activation ends (P3).
                DeactivateOnIdle();
            }

            ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <summary>
    /// Orleans wraps what a storage provider throws. Anything that is not a clear refusal (a timeout, a silo that went
    /// away during the call) leaves a write's outcome unknown; a read may simply be repeated.
    /// </summary>
    private Exception Translate(Exception error, bool isWrite)
    {
        var cause = error is OrleansException { InnerException: { } inner } ? inner : error;
        return cause switch
        {
            StoreUnavailableException or UnknownOutcomeException or InvariantViolationException or OperationCanceledException => cause,
            _ when isWrite && !CallFailures.WasNotExecuted(cause) =>
                new UnknownOutcomeException($"a write of {Address} got no answer: {cause.Message}"),
            _ => new StoreUnavailableException($"{Address} cannot be reached now: {cause.Message}"),
        };
    }
}
