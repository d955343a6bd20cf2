using System.Diagnostics.Metrics;
using Grpc.Core;
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

    internal static readonly Meter Meter = new("OrleansOrchestrator.Encryption");

    private static readonly Counter<long> Operations = Meter.CreateCounter<long>(
        "apiserver_storage_transformation_operations_total", description: "Total number of transformations.");

    private static readonly Histogram<double> Durations = Meter.CreateHistogram(
        "apiserver_storage_transformation_duration_seconds", "s",
        "Latencies in seconds of value transformation operations.",
        advice: Buckets.Growing(5e-6, 2, 25));

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

    public static long Now() => TimeProvider.System.GetTimestamp();

    internal static double Elapsed(long start) => TimeProvider.System.GetElapsedTime(start).TotalSeconds;

    private static string StatusOf(Exception? failure) =>
        failure?.InnerException is RpcException error ? GrpcCode.NameOf(error.StatusCode) : LocalFailure;
}
