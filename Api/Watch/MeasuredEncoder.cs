using System.Buffers;
using OrleansOrchestrator.Api.Metrics;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Watch;

/// <summary>Counts the events of one watch, by how many bytes the inner encoder makes of them.</summary>
internal sealed class MeasuredEncoder(IWatchEncoder inner, WatchEventSizes sizes) : IWatchEncoder
{
    private readonly CountedOutput _counted = new();

    /// <inheritdoc/>
    public bool CanEncode => inner.CanEncode;

    /// <inheritdoc/>
    public void Write(IBufferWriter<byte> output, WatchEventType type, ReadOnlyMemory<byte> stored)
    {
        inner.Write(_counted.Over(output), type, stored);
        sizes.Add(_counted.Bytes);
    }

    /// <inheritdoc/>
    public void WriteBookmark(IBufferWriter<byte> output, long revision, bool endsInitialEvents)
    {
        inner.WriteBookmark(_counted.Over(output), revision, endsInitialEvents);
        sizes.Add(_counted.Bytes);
    }

    /// <inheritdoc/>
    public void WriteError(IBufferWriter<byte> output, Status status)
    {
        inner.WriteError(_counted.Over(output), status);
        sizes.Add(_counted.Bytes);
    }

    /// <summary>Passes everything on. One serves all events of a watch, which are written one after another.</summary>
    private sealed class CountedOutput : IBufferWriter<byte>
    {
        private IBufferWriter<byte> _output = null!;

        public long Bytes { get; private set; }

        public CountedOutput Over(IBufferWriter<byte> output)
        {
            (_output, Bytes) = (output, 0);
            return this;
        }

        public void Advance(int count)
        {
            _output.Advance(count);
            Bytes += count;
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => _output.GetMemory(sizeHint);

        public Span<byte> GetSpan(int sizeHint = 0) => _output.GetSpan(sizeHint);
    }
}
