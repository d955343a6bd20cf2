using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// Makes the buffers of connections as large as what TLS takes at once. Kestrel hands each buffer to TLS on its own, so
/// that its usual ones, of 4 KiB, make five records, with their tags, tasks and system calls, of one HTTP/2 frame: that
/// is 16 KiB and a head, which is why 16 KiB are not enough.
/// </summary>
internal sealed class ConnectionBuffers : IMemoryPoolFactory<byte>
{
    private const int BufferBytes = 32 * 1024;

    /// <summary>Buffers that wait for the next connection: 8 MiB.</summary>
    private const int MaxKept = 256;

    /// <inheritdoc/>
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new Pool();

    /// <summary>Gives buffers of one size, pinned for the sockets, and keeps a bounded number of those
    /// returned.</summary>
    private sealed class Pool : MemoryPool<byte>
    {
        private readonly ConcurrentQueue<Buffer> _kept = new();
        private volatile bool _isDisposed;

        public override int MaxBufferSize => BufferBytes;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BufferBytes);
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _kept.TryDequeue(out var kept) ? kept : new Buffer(this);
        }

        protected override void Dispose(bool disposing)
        {
            _isDisposed = true;
            _kept.Clear();
        }

        private void Return(Buffer buffer)
        {
            if (!_isDisposed && _kept.Count < MaxKept)
            {
                _kept.Enqueue(buffer);
            }
        }

        private sealed class Buffer(Pool pool) : IMemoryOwner<byte>
        {
            public Memory<byte> Memory { get; } = GC.AllocateUninitializedArray<byte>(BufferBytes, pinned: true);

            public void Dispose() => pool.Return(this);
        }
    }
}
