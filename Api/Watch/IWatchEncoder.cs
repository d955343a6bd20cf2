using System.Buffers;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Watch;

/// <summary>Writes the events of one watch in the form that its client takes.</summary>
internal interface IWatchEncoder
{
    /// <summary>False for a form that no event can take: upstream then ends the stream at the first event.</summary>
    bool CanEncode { get; }

    /// <summary>An event of an object.</summary>
    /// <param name="output">Takes it.</param>
    /// <param name="type">What happened.</param>
    /// <param name="stored">The object's committed bytes.</param>
    void Write(IBufferWriter<byte> output, WatchEventType type, ReadOnlyMemory<byte> stored);

    /// <summary>A bookmark: an empty object with a revision, and with the mark that ends the initial events.</summary>
    void WriteBookmark(IBufferWriter<byte> output, long revision, bool endsInitialEvents);

    /// <summary>The event that ends a watch with a reason.</summary>
    void WriteError(IBufferWriter<byte> output, Status status);
}
