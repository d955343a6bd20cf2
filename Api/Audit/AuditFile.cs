using System.Buffers;
using Microsoft.Extensions.Logging;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>Writes events as lines of JSON to a file or to standard output.</summary>
internal sealed class AuditFile(
    AuditFileOptions options, AuditMetrics metrics, TimeProvider time, ILogger<AuditFile> logger)
    : AuditSink(new AuditSinkShape("log", options.Buffer, MaxBatch), metrics, time, logger)
{
    private const int MaxBatch = 1000;

    private readonly RotatedFile? _file = options.Path == "-" ? null : new RotatedFile(options, time, logger);
    private readonly ArrayBufferWriter<byte> _lines = new();

    public override void Dispose()
    {
        _file?.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task<string?> DeliverAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> events, CancellationToken cancellationToken)
    {
        _lines.ResetWrittenCount();
        foreach (var json in events)
        {
            _lines.Write(json.Span);
            _lines.Write("\n"u8);
        }

        try
        {
            if (_file is not null)
            {
                await _file.WriteAsync(_lines.WrittenMemory, cancellationToken);
                return null;
            }

            await using var output = Console.OpenStandardOutput();
            await output.WriteAsync(_lines.WrittenMemory, cancellationToken);
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return failure.Message;
        }
    }
}
