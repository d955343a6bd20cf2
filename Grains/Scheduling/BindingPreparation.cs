namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// What is done for a pod before it is bound, as somebody else may call it off: either it ends, or it is called off,
/// and never both. Thread-safe.
/// </summary>
internal sealed class BindingPreparation(CancellationToken cancellationToken) : IDisposable
{
    private readonly CancellationTokenSource _source =
        CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);

    private readonly Lock _lock = new();
    private bool _hasEnded;
    private bool _isCancelling;
    private bool _isDisposed;

    /// <summary>Ends what is being done.</summary>
    public CancellationToken Token => _source.Token;

    public bool IsCancelled { get; private set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _hasEnded = _isDisposed = true;
            if (_isCancelling)
            {
                return; // who calls off does it then
            }
        }

        _source.Dispose();
    }

    /// <summary>False when it has ended: then the pod is being bound.</summary>
    public bool TryCancel()
    {
        lock (_lock)
        {
            if (_hasEnded || IsCancelled)
            {
                return IsCancelled;
            }

            IsCancelled = _isCancelling = true;
        }

        Cancel();
        return true;
    }

    /// <summary>False when it was called off.</summary>
    public bool TryEnd()
    {
        lock (_lock)
        {
            _hasEnded = true;
            return !IsCancelled;
        }
    }

    /// <summary>Not under the lock: whoever is waiting for the token goes on in here.</summary>
    private void Cancel()
    {
        try
        {
            _source.Cancel();
        }
        finally
        {
            bool isDisposed;
            lock (_lock)
            {
                _isCancelling = false;
                isDisposed = _isDisposed;
            }

            if (isDisposed)
            {
                _source.Dispose();
            }
        }
    }
}
