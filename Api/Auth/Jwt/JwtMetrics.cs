using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Text;
using static OrleansOrchestrator.Api.Kernel.MetricTags;

namespace OrleansOrchestrator.Api.Auth.Jwt;

/// <summary>What is counted of tokens of issuers, under upstream's names.</summary>
internal sealed class JwtMetrics
{
    private static readonly InstrumentAdvice<double> Buckets =
        new() { HistogramBucketBoundaries = [.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10] };

    private readonly ConcurrentDictionary<(string Issuer, string Result), double> _fetches = [];
    private readonly Histogram<double> _latency;

    public JwtMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("OrleansOrchestrator.Api.Auth.Jwt");
        _latency = meter.CreateHistogram(
            "apiserver_authentication_jwt_authenticator_latency_seconds", "s",
            "Latency of jwt authentication operations in seconds.", advice: Buckets);
        meter.CreateObservableGauge(
            "apiserver_authentication_jwt_authenticator_jwks_fetch_last_timestamp_seconds",
            () => _fetches.Select(static f => new Measurement<double>(
                f.Value, Tag("result", f.Key.Result), Tag("jwt_issuer_hash", f.Key.Issuer))),
            "s", "Timestamp of the last successful or failed JWKS fetch split by result and jwt issuer.");
    }

    /// <summary>A token was looked at.</summary>
    public void Looked(string issuer, bool succeeded, TimeSpan elapsed) => _latency.Record(
        elapsed.TotalSeconds, Tag("result", Result(succeeded)), Tag("jwt_issuer_hash", Hash(issuer)));

    /// <summary>An issuer's keys were fetched.</summary>
    public void Fetched(string issuer, bool succeeded, DateTimeOffset now) =>
        _fetches[(Hash(issuer), Result(succeeded))] = now.ToUnixTimeMilliseconds() / 1000d;

    private static string Result(bool succeeded) => succeeded ? "success" : "failure";

    private static string Hash(string issuer) =>
        $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(issuer)))}";
}
