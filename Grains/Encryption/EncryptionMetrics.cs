using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Grpc.Core;
using OrleansOrchestrator.Grains.Encryption.Kms;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>What is counted of encryption, under upstream's names; of a name that no server has there is no label.
/// </summary>
internal static class EncryptionMetrics
{
    public const string ToStorage = "to_storage";
    public const string FromStorage = "from_storage";

    private const string LocalFailure = "unknown-non-grpc";

    private static readonly Meter Meter = new("OrleansOrchestrator.Encryption");

    private static readonly Counter<long> Operations = Meter.CreateCounter<long>(
        "apiserver_storage_transformation_operations_total", description: "Total number of transformations.");

    private static readonly Histogram<double> Durations = Meter.CreateHistogram(
        "apiserver_storage_transformation_duration_seconds", "s",
        "Latencies in seconds of value transformation operations.",
        advice: Buckets.Growing(5e-6, 2, 25));

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

    static EncryptionMetrics()
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

    /// <summary>A value has come from the store, or goes to it.</summary>
    /// <param name="resource">Whose.</param>
    /// <param name="type">Which way.</param>
    /// <param name="transformer">What its values begin with.</param>
    /// <param name="start">When it began.</param>
    /// <param name="failed">It could not be done.</param>
    /// <param name="failure">By what, if that is known.</param>
    public static void Transformed(
        ResourceName resource, string type, string transformer, long start, bool failed, Exception? failure = null)
    {
        if (Operations.Enabled)
        {
            Operations.Add(
                1, new("resource", resource.Qualified), new("transformation_type", type),
                new("transformer_prefix", transformer), new("status", failed ? StatusOf(failure) : "OK"));
        }

        if (!failed && Durations.Enabled)
        {
            Durations.Record(
                Elapsed(start), new("resource", resource.Qualified), new("transformation_type", type),
                new("transformer_prefix", transformer));
        }
    }

    /// <summary>A plugin must be asked to read a value.</summary>
    public static void SeedMissed() => Misses.Add(1);

    /// <summary>So many seeds of a plugin are in memory.</summary>
    public static void SeedsKept(string provider, int count) => Seeds[provider] = count;

    /// <summary>A plugin has been asked.</summary>
    public static void Called(string provider, string method, long start, StatusCode code) => KmsLatency.Record(
        Elapsed(start), new("provider_name", provider), new("method_name", $"/v2.KeyManagementService/{method}"),
        new("grpc_status_code", KmsClient.NameOf(code)));

    /// <summary>A key of a plugin has opened or sealed a value.</summary>
    public static void KeyUsed(string type, string provider, string keyId, DateTimeOffset now) =>
        Uses.Note(new KeyUses.Key(type, provider, keyId), now);

    /// <summary>A plugin has said which key is its own.</summary>
    public static void KeyNamed(string provider, string keyId, DateTimeOffset now) =>
        Statuses.Note(new KeyUses.Key(null, provider, keyId), now);

    /// <summary>A plugin has named a key that cannot be.</summary>
    public static void KeyIdInvalid(string provider, string code) =>
        InvalidKeyIds.Add(1, new("provider_name", provider), new("error", code));

    public static long Now() => TimeProvider.System.GetTimestamp();

    private static double Elapsed(long start) => TimeProvider.System.GetElapsedTime(start).TotalSeconds;

    private static string StatusOf(Exception? failure) =>
        failure?.InnerException is RpcException error ? KmsClient.NameOf(error.StatusCode) : LocalFailure;
}
