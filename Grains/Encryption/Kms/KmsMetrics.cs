using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Grpc.Core;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Encryption.Kms;

/// <summary>What is counted of the plugins of a KMS and their keys, under upstream's names.</summary>
internal static class KmsMetrics
{
    private static readonly Meter Meter = EncryptionMetrics.Meter;

    private static readonly Counter<long> Misses = Meter.CreateCounter<long>(
        "apiserver_storage_envelope_transformation_cache_misses_total",
        description: "Total number of cache misses while accessing key decryption key(KEK).");

    private static readonly Histogram<double> KmsLatency = Meter.CreateHistogram(
        "apiserver_envelope_encryption_kms_operations_latency_seconds", "s",
        "KMS operation duration with gRPC error code status total.",
        advice: Buckets.Growing(0.0001, 2, 20));

    private static readonly Counter<long> InvalidKeyIds = Meter.CreateCounter<long>(
        "apiserver_envelope_encryption_invalid_key_id_from_status_total",
        description: "Number of times an invalid keyID is returned by the Status RPC call split by error.");

    private static readonly ConcurrentDictionary<string, int> Seeds = new(StringComparer.Ordinal);
    private static readonly KeyUses Uses = new();
    private static readonly KeyUses Statuses = new();

    static KmsMetrics()
    {
        Meter.CreateObservableCounter(
            "apiserver_envelope_encryption_key_id_hash_total",
            static () => Uses.Measure(static u => u.Count),
            description: "Number of times a keyID is used split by transformation type and provider.");
        Meter.CreateObservableGauge(
            "apiserver_envelope_encryption_key_id_hash_last_timestamp_seconds",
            static () => Uses.Measure(static u => u.Last), "s",
            "The last time in seconds when a keyID was used.");
        Meter.CreateObservableGauge(
            "apiserver_envelope_encryption_key_id_hash_status_last_timestamp_seconds",
            static () => Statuses.Measure(static u => u.Last), "s",
            "The last time in seconds when a keyID was returned by the Status RPC call.");
        Meter.CreateObservableGauge(
            "apiserver_envelope_encryption_dek_source_cache_size",
            static () => Seeds.Select(
                static s => new Measurement<int>(s.Value, new KeyValuePair<string, object?>("provider_name", s.Key))),
            description: "Number of records in data encryption key (DEK) source cache.");
    }

    /// <summary>A plugin must be asked to read a value.</summary>
    public static void SeedMissed() => Misses.Add(1);

    /// <summary>So many seeds of a plugin are in memory.</summary>
    public static void SeedsKept(string provider, int count) => Seeds[provider] = count;

    /// <summary>A plugin has been asked.</summary>
    public static void Called(string provider, string method, long start, StatusCode code) => KmsLatency.Record(
        EncryptionMetrics.Elapsed(start), new("provider_name", provider),
        new("method_name", $"/v2.KeyManagementService/{method}"), new("grpc_status_code", GrpcCode.NameOf(code)));

    /// <summary>A key of a plugin has opened or sealed a value.</summary>
    public static void KeyUsed(string type, string provider, string keyId, DateTimeOffset now) =>
        Uses.Note(new KeyUses.Key(type, provider, keyId), now);

    /// <summary>A plugin has said which key is its own.</summary>
    public static void KeyNamed(string provider, string keyId, DateTimeOffset now) =>
        Statuses.Note(new KeyUses.Key(null, provider, keyId), now);

    /// <summary>A plugin has named a key that cannot be.</summary>
    public static void KeyIdInvalid(string provider, string code) =>
        InvalidKeyIds.Add(1, new("provider_name", provider), new("error", code));
}
