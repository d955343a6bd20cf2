using System.Net.Sockets;

namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>
/// Whether a channel has a connection. One whose other end goes is noticed at once, also while nobody calls. Safe for
/// any thread.
/// </summary>
public sealed class ConnectionWatch
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _closed = Closed();
    private int _open;

    /// <summary>Raised when the first connection has opened, and when the last has ended.</summary>
    public event Action? Changed;

    public bool IsOpen
    {
        get
        {
            lock (_lock)
            {
                return _open > 0;
            }
        }
    }

    /// <summary>Completes when there is no connection; is complete when there is none.</summary>
    public Task WhenClosed
    {
        get
        {
            lock (_lock)
            {
                return _closed.Task;
            }
        }
    }

    /// <summary>The stream of a connection that has just been made.</summary>
    public Stream Follow(Socket socket)
    {
        var stream = new Followed(socket, this);
        stream.Begin();
        return stream;
    }

    private void Count(int by)
    {
        lock (_lock)
        {
            var wasOpen = _open > 0;
            _open += by;
            if (wasOpen == _open > 0)
            {
                return;
            }

            if (_open > 0)
            {
                _closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
            else
            {
                _closed.SetResult();
            }
        }

        Changed?.Invoke();
    }

    private static TaskCompletionSource Closed()
    {
        var closed = new TaskCompletionSource();
        closed.SetResult();
        return closed;
    }

    /// <summary>Counts from its beginning: one that could not be made is finalized all the same.</summary>
    private sealed class Followed(Socket socket, ConnectionWatch watch) : NetworkStream(socket, ownsSocket: true)
    {
        private int _counts;

        public void Begin()
        {
            _counts = 1;
            watch.Count(1);
        }

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            if (Interlocked.Exchange(ref _counts, 0) == 1)
            {
                watch.Count(-1);
            }
        }
    }
}
