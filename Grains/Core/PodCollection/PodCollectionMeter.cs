using System.Diagnostics.Metrics;

namespace OrleansOrchestrator.Grains.Core.PodCollection;

/// <summary>Counts what pod garbage collection deletes, under upstream's names.</summary>
internal static class PodCollectionMeter
{
    private static readonly Meter Meter = new("OrleansOrchestrator.PodCollection");

    private static readonly Counter<long> Deletions = Meter.CreateCounter<long>(
        "pod_gc_collector_force_delete_pods_total",
        description: "[ALPHA] Number of pods that are being forcefully deleted since the Pod GC Controller started.");

    private static readonly Counter<long> Errors = Meter.CreateCounter<long>(
        "pod_gc_collector_force_delete_pod_errors_total",
        description: "[ALPHA] Number of errors encountered when forcefully deleting the pods since the Pod GC "
        + "Controller started.");

    /// <summary>A pod was deleted, or was to be.</summary>
    /// <param name="namespaceName">Its namespace.</param>
    /// <param name="reason">Why.</param>
    /// <param name="succeeded">False when that was refused.</param>
    public static void Collected(string namespaceName, PodCollectionReason reason, bool succeeded)
    {
        KeyValuePair<string, object?> first = new("namespace", namespaceName), second = new("reason", NameOf(reason));
        Deletions.Add(1, first, second);
        if (!succeeded)
        {
            Errors.Add(1, first, second);
        }
    }

    private static string NameOf(PodCollectionReason reason) => reason switch
    {
        PodCollectionReason.Terminated => "terminated",
        PodCollectionReason.Orphaned => "orphaned",
        PodCollectionReason.OutOfService => "out-of-service",
        _ => "unscheduled",
    };
}
