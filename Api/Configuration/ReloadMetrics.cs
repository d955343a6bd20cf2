using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using static OrleansOrchestrator.Api.Kernel.MetricTags;

namespace OrleansOrchestrator.Api.Configuration;

/// <summary>What is counted of files that are followed, under upstream's names.</summary>
public sealed class ReloadMetrics
{
    private readonly Meter _meter;
    private readonly ConcurrentDictionary<string, Counter<long>> _reloads = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Controller, string Status), double> _last = [];
    private readonly ConcurrentDictionary<string, string> _hashes = new(StringComparer.Ordinal);

    /// <param name="meters">This host's.</param>
    public ReloadMetrics(IMeterFactory meters) => _meter = meters.Create("OrleansOrchestrator.Api.Configuration");

    /// <summary>Content is in use.</summary>
    public void Use(string controller, ReadOnlyMemory<byte> content)
    {
        _reloads.GetOrAdd(controller, Make);
        _hashes[controller] = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content.Span))}";
    }

    /// <summary>New content was applied, or refused.</summary>
    public void Reloaded(string controller, bool succeeded, DateTimeOffset now)
    {
        var status = succeeded ? "success" : "failure";
        _last[(controller, status)] = now.ToUnixTimeMilliseconds() / 1000d;
        _reloads.GetOrAdd(controller, Make).Add(1, Tag("status", status));
    }

    private Counter<long> Make(string controller)
    {
        var prefix = $"apiserver_{controller}_controller_";
        _meter.CreateObservableGauge(
            $"{prefix}automatic_reload_last_timestamp_seconds",
            () => _last.Where(l => l.Key.Controller == controller)
                .Select(static l => new Measurement<double>(l.Value, Tag("status", l.Key.Status))),
            "s", "Timestamp of the last automatic reload of the configuration, by whether it succeeded.");
        _meter.CreateObservableGauge(
            $"{prefix}last_config_info",
            () => new Measurement<int>(1, Tag("hash", _hashes.GetValueOrDefault(controller, ""))),
            description: "The configuration in use, by its hash.");
        return _meter.CreateCounter<long>(
            $"{prefix}automatic_reloads_total",
            description: "Automatic reloads of the configuration, by whether they succeeded.");
    }
}
