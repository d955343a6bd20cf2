using System.Buffers;
using Microsoft.Extensions.Logging;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>Writes events as lines of JSON to a file or to standard output.</summary>
internal sealed class AuditFile(
    AuditFileOptions options, AuditMetrics metrics, TimeProvider time, ILogger<AuditFile> logger)
    : AuditSink("log", options.Delivery, metrics, time, logger)
{
    private readonly Lock _lock = new();
    private readonly RotatedFile? _file = options.Path == "-" ? null : new RotatedFile(options, time, logger);
    private readonly ArrayBufferWriter<byte> _lines = new();

    public override void Dispose()
    {
        _file?.Dispose();
        base.Dispose();
    }

    /// <summary>Without a pause: a write of a few KB is sooner done than another thread is found for it.</summary>
    protected override Task<string?> DeliverAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> events, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _lines.ResetWrittenCount();
            foreach (var json in events)
            {
                _lines.Write(json.Span);
                _lines.Write("\n"u8);
            }

            return Task.FromResult(TryWrite());
        }
    }

    private string? TryWrite()
    {
        try
        {
            if (_file is not null)
            {
                _file.Write(_lines.WrittenSpan);
                return null;
            }

            using var output = Console.OpenStandardOutput();
            output.Write(_lines.WrittenSpan);
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return failure.Message;
        }
    }
}
