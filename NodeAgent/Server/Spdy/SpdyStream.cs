using System.IO.Pipelines;

namespace OrleansOrchestrator.NodeAgent.Server.Spdy;

/// <summary>One stream of a connection: bytes in both directions, each of which ends on its own.</summary>
public sealed class SpdyStream
{
    // Peers of this protocol in Kubernetes ignore its flow control: what is not read in time holds up the connection,
    // not memory.
    private const int PauseBytes = 128 * 1024;

    private readonly SpdyConnection _connection;
    private readonly Pipe _incoming = new(new PipeOptions(
        pauseWriterThreshold: PauseBytes, resumeWriterThreshold: PauseBytes / 2, useSynchronizationContext: false));

    private readonly TaskCompletionSource _abandoned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _closing = new();
    private bool _writeClosed;
    private bool _readClosed;
    private volatile Exception? _failure;

    internal SpdyStream(SpdyConnection connection, int id, IReadOnlyDictionary<string, string> headers)
    {
        _connection = connection;
        Id = id;
        Headers = headers;
    }

    public int Id { get; }

    /// <summary>The headers with which it was opened; names ignore case.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; }

    /// <summary>
    /// Completes when the peer has given the stream up, or the connection is gone: nobody reads what is written any
    /// more.
    /// </summary>
    public Task Abandoned => _abandoned.Task;

    internal TaskCompletionSource Accepted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>
    /// What the peer sends; ends when the peer closes its side, resets the stream, or the connection goes.
    /// </summary>
    public PipeReader Input => _incoming.Reader;

    /// <summary>Sends bytes; an <see cref="IOException"/> when the peer does not want them any more.</summary>
    public Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        _abandoned.Task.IsCompleted
            ? Task.FromException(new IOException("the peer has reset the stream"))
            : _connection.SendDataAsync(Id, bytes, last: false, cancellationToken);

    /// <summary>Gives the stream up in both directions.</summary>
    public Task ResetAsync(CancellationToken cancellationToken)
    {
        lock (_closing)
        {
            _writeClosed = true;
        }

        End();
        StopReading();
        return _connection.ResetAsync(Id, cancellationToken);
    }

    /// <summary>Says that nothing more will be sent. Doing so twice is harmless.</summary>
    public async Task CloseWriteAsync(CancellationToken cancellationToken)
    {
        lock (_closing)
        {
            if (_writeClosed || _abandoned.Task.IsCompleted)
            {
                return;
            }

            _writeClosed = true;
        }

        await _connection.SendDataAsync(Id, ReadOnlyMemory<byte>.Empty, last: true, cancellationToken);
        ForgetWhenDone();
    }

    /// <summary>
    /// Copies what the peer sends until it closes its side; when the connection goes before that, fails after what had
    /// come.
    /// </summary>
    public async Task CopyInputAsync(
        Func<ReadOnlyMemory<byte>, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await Input.ReadAsync(cancellationToken);
            foreach (var segment in result.Buffer)
            {
                await write(segment, cancellationToken);
            }

            Input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                if (_failure is { } failure)
                {
                    throw new IOException(failure.Message, failure);
                }

                return;
            }
        }
    }

    /// <summary>
    /// Nobody will read what the peer still sends: it is thrown away. Without this a full stream would hold up all
    /// others of the connection.
    /// </summary>
    public void StopReading() => _incoming.Reader.Complete();

    internal async ValueTask ReceiveAsync(ReadOnlyMemory<byte> bytes, bool last, CancellationToken cancellationToken)
    {
        if (_readClosed)
        {
            // A peer that goes on after its own end breaks the protocol; what it says then is nobody's.
            return;
        }

        if (bytes.Length > 0)
        {
            await _incoming.Writer.WriteAsync(bytes, cancellationToken);
        }

        if (last)
        {
            End();
            ForgetWhenDone();
        }
    }

    // As in upstream's implementation a reset ends what can be read, after everything that came before it: servers
    // reset all streams when they are done.
    internal void End() => Close(new IOException("the peer refused the stream"), null);

    internal void ReceiveReset()
    {
        _abandoned.TrySetResult();
        End();
    }

    internal void Fail(Exception reason)
    {
        _abandoned.TrySetResult();
        Close(reason, reason);
    }

    private void Close(Exception refusal, Exception? reason)
    {
        lock (_closing)
        {
            if (_readClosed)
            {
                return;
            }

            _readClosed = true;
            _failure = reason;
        }

        // Completed without the reason: a pipe with one withholds what is still in it.
        Accepted.TrySetException(refusal);
        _incoming.Writer.Complete();
    }

    private void ForgetWhenDone()
    {
        lock (_closing)
        {
            if (!_readClosed || !_writeClosed)
            {
                return;
            }
        }

        _connection.Forget(Id);
    }
}
