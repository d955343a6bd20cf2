using System.IO.Pipelines;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Grains.Security;

/// <summary>A pair of pipes as the stream that <see cref="System.Net.Security.SslStream"/> wants.</summary>
internal sealed class DuplexPipeStream(IDuplexPipe pipes) : SequentialStream
{
    private readonly Stream _input = pipes.Input.AsStream(leaveOpen: true);
    private readonly Stream _output = pipes.Output.AsStream(leaveOpen: true);

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _input.ReadAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        _output.WriteAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => _output.FlushAsync(cancellationToken);
}
