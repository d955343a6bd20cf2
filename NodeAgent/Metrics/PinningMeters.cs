namespace OrleansOrchestrator.NodeAgent.Metrics;

/// <summary>What the node measures of giving parts of the machine to containers, by the kubelet's names.</summary>
public sealed class PinningMeters
{
    /// <summary>Where what was given is together: one of these for each of the two counts of alignment.</summary>
    public const string OneNode = "numa_node";
    public const string WholeCores = "physical_cpu";
    public const string OneCache = "uncore_cache";

    // From a twentieth of a millisecond to 0.8 s, doubling.
    private static readonly double[] AdmissionBounds =
        [.. Enumerable.Range(0, 15).Select(static i => 0.05 * (1 << i))];

    /// <summary>Containers that got all from one place, by what that is and for whom it was looked for.</summary>
    public CountMetric Aligned { get; } = new(
        "kubelet_container_aligned_compute_resources_count",
        "[ALPHA] Cumulative number of aligned compute resources allocated to containers by alignment type.",
        "boundary", "scope");

    public CountMetric NotAligned { get; } = new(
        "kubelet_container_aligned_compute_resources_failure_count",
        "[ALPHA] Cumulative number of failures to allocate aligned compute resources to containers by alignment type.",
        "boundary", "scope");

    public GaugeMetric CpusByNode { get; } = new(
        "kubelet_cpu_manager_allocation_per_numa", "[ALPHA] Number of CPUs allocated per NUMA node", "numa_node");

    public GaugeMetric ExclusiveCpus { get; } = new(
        "kubelet_cpu_manager_exclusive_cpu_allocation_count",
        "[ALPHA] The total number of CPUs exclusively allocated to containers running on this node");

    public CountMetric CpuErrors { get; } = new(
        "kubelet_cpu_manager_pinning_errors_total",
        "[ALPHA] The number of cpu core allocations which required pinning failed.");

    public CountMetric CpuRequests { get; } = new(
        "kubelet_cpu_manager_pinning_requests_total",
        "[ALPHA] The number of cpu core allocations which required pinning.");

    public GaugeMetric SharedMilliCpu { get; } = new(
        "kubelet_cpu_manager_shared_pool_size_millicores",
        "[ALPHA] The size of the shared CPU pool for non-guaranteed QoS pods, in millicores.");

    public CountMetric MemoryErrors { get; } = new(
        "kubelet_memory_manager_pinning_errors_total",
        "[ALPHA] The number of memory pages allocations which required pinning that failed.");

    public CountMetric MemoryRequests { get; } = new(
        "kubelet_memory_manager_pinning_requests_total",
        "[ALPHA] The number of memory pages allocations which required pinning.");

    public DurationMetric Admission { get; } = new(
        "kubelet_topology_manager_admission_duration_ms",
        "[ALPHA] Duration in milliseconds to serve a pod admission request.", AdmissionBounds)
    {
        Unit = TimeSpan.FromMilliseconds(1),
    };

    public CountMetric AdmissionErrors { get; } = new(
        "kubelet_topology_manager_admission_errors_total",
        "[ALPHA] The number of admission request failures where resources could not be aligned.");

    public CountMetric AdmissionRequests { get; } = new(
        "kubelet_topology_manager_admission_requests_total",
        "[ALPHA] The number of admission requests where resources have to be aligned.");

    public void Write(MetricsText text)
    {
        Aligned.Write(text);
        NotAligned.Write(text);
        CpusByNode.Write(text);
        ExclusiveCpus.Write(text);
        CpuErrors.Write(text);
        CpuRequests.Write(text);
        SharedMilliCpu.Write(text);
        MemoryErrors.Write(text);
        MemoryRequests.Write(text);
        Admission.Write(text);
        AdmissionErrors.Write(text);
        AdmissionRequests.Write(text);
    }
}
