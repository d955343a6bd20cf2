using System.CommandLine;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>The options that bound requests, under upstream's names.</summary>
internal sealed class RequestLimitOptions
{
    private static readonly RequestLimits Usual = new();

    private readonly Option<int> _reads = CommonOptions.Number(
        "--max-requests-inflight",
        "Seats that priority levels share, together with --max-mutating-requests-inflight.",
        Usual.MaxReadsInFlight,
        0,
        int.MaxValue);
    private readonly Option<int> _writes = CommonOptions.Number(
        "--max-mutating-requests-inflight",
        "The other part of the seats that priority levels share.",
        Usual.MaxWritesInFlight,
        0,
        int.MaxValue);
    private readonly Option<string> _request = CommonOptions.Text(
        "--request-timeout",
        "How long a request may take that is no watch, proxy, log, exec, attach or port-forward.",
        "1m0s");
    private readonly Option<int> _watch = CommonOptions.Number(
        "--min-request-timeout",
        "Seconds after which, and up to as many again, a watch ends that names no time-out.",
        (int)Usual.MinWatchTimeout.TotalSeconds,
        1,
        int.MaxValue);

    public IEnumerable<Option> All => [_reads, _writes, _request, _watch];

    public RequestLimits Read(ParseResult parsed) => new()
    {
        MaxReadsInFlight = parsed.GetValue(_reads),
        MaxWritesInFlight = parsed.GetValue(_reads) + (long)parsed.GetValue(_writes) > 0
            ? parsed.GetValue(_writes)
            : throw new UserErrorException($"{_reads.Name} and {_writes.Name} must add up to something positive"),
        RequestTimeout = TimeAbove0(parsed),
        MinWatchTimeout = TimeSpan.FromSeconds(parsed.GetValue(_watch)),
    };

    private TimeSpan TimeAbove0(ParseResult parsed)
    {
        var text = parsed.GetRequiredValue(_request);
        var complaint = GoDuration.Read(text, out var duration);
        return complaint is null && duration > TimeSpan.Zero
            ? duration
            : throw new UserErrorException($"{_request.Name} is no time above 0, such as 1m0s: '{text}'.");
    }
}
