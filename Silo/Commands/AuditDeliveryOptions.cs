using System.CommandLine;
using OrleansOrchestrator.Api.Audit;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>The options of how audit events get to one place, which upstream has for each.</summary>
internal sealed class AuditDeliveryOptions
{
    private readonly AuditDelivery _defaults;
    private readonly Option<string?> _mode;
    private readonly Option<int> _buffer;
    private readonly Option<int> _batch;
    private readonly Option<string?> _wait;
    private readonly Option<bool> _throttle;
    private readonly Option<int> _rate;
    private readonly Option<int> _burst;
    private readonly Option<bool> _truncate;
    private readonly Option<int> _maxEvent;
    private readonly Option<int> _maxBatch;

    /// <param name="place">What the options begin with: <c>--audit-log</c>.</param>
    /// <param name="defaults">What is not given.</param>
    public AuditDeliveryOptions(string place, AuditDelivery defaults)
    {
        _defaults = defaults;
        _mode = CommonOptions.MaybeText(
            $"{place}-mode",
            "Whether requests wait for their events: batch (no), blocking, blocking-strict (and are refused when the "
                + $"first cannot be kept). Default: {Text(defaults.Mode)}.");
        _buffer = CommonOptions.Number(
            $"{place}-batch-buffer-size", "Events that may wait; others are lost, and counted.", defaults.Buffer, 1,
            1_000_000);
        _batch = CommonOptions.Number(
            $"{place}-batch-max-size", "Events that are delivered at once.", defaults.MaxBatch, 1, 100_000);
        _wait = CommonOptions.MaybeText(
            $"{place}-batch-max-wait",
            "How long events wait for others to be delivered with. Default: "
                + (defaults.MaxWait == TimeSpan.Zero ? "0s." : "30s."));
        _throttle = new Option<bool>($"{place}-batch-throttle-enable")
        {
            Description = "Deliver no more batches than the next two options say.",
            DefaultValueFactory = _ => defaults.BatchesPerSecond is not null,
        };
        _rate = CommonOptions.Number(
            $"{place}-batch-throttle-qps", "Batches that are delivered a second, on average.",
            (int)(defaults.BatchesPerSecond ?? 1), 1, 100_000);
        _burst = CommonOptions.Number(
            $"{place}-batch-throttle-burst", "Batches that are delivered at once when few were before.",
            defaults.Burst, 1, 100_000);
        _truncate = new Option<bool>($"{place}-truncate-enabled")
        {
            Description = "Leave out of large events what was sent and answered.",
        };
        _maxEvent = CommonOptions.Number(
            $"{place}-truncate-max-event-size", "Bytes of an event; it is lost when it is larger without bodies, too.",
            AuditTruncation.DefaultEventBytes, 1, int.MaxValue);
        _maxBatch = CommonOptions.Number(
            $"{place}-truncate-max-batch-size", "Bytes of the events that are delivered at once.",
            AuditTruncation.DefaultBatchBytes, 1, int.MaxValue);
    }

    public IEnumerable<Option> All =>
        [_mode, _buffer, _batch, _wait, _throttle, _rate, _burst, _truncate, _maxEvent, _maxBatch];

    public AuditDelivery Of(ParseResult parsed)
    {
        var (maxEvent, maxBatch) = (parsed.GetValue(_maxEvent), parsed.GetValue(_maxBatch));
        if (maxEvent > maxBatch)
        {
            throw new UserErrorException(
                $"{_maxBatch.Name} must be greater than {_maxEvent.Name}: {maxBatch} is less than {maxEvent}.");
        }

        return new AuditDelivery
        {
            Mode = parsed.GetValue(_mode) is { } mode ? Mode(mode) : _defaults.Mode,
            Buffer = parsed.GetValue(_buffer),
            MaxBatch = parsed.GetValue(_batch),
            MaxWait = CommonOptions.MaybeTimeOf(parsed, _wait) ?? _defaults.MaxWait,
            BatchesPerSecond = parsed.GetValue(_throttle) ? parsed.GetValue(_rate) : null,
            Burst = parsed.GetValue(_burst),
            Truncation = parsed.GetValue(_truncate)
                ? new AuditTruncation { MaxEvent = maxEvent, MaxBatch = maxBatch }
                : null,
        };
    }

    private AuditMode Mode(string text) => Enum.GetValues<AuditMode>().Where(m => Text(m) == text).Cast<AuditMode?>()
        .FirstOrDefault() ?? throw new UserErrorException(
            $"invalid audit {_mode.Name["--audit-".Length..^"-mode".Length]} mode {text}, allowed modes are "
                + "\"batch,blocking,blocking-strict\"");

    private static string Text(AuditMode mode) => mode switch
    {
        AuditMode.Batch => "batch",
        AuditMode.Blocking => "blocking",
        _ => "blocking-strict",
    };
}
