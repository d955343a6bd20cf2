namespace OrleansOrchestrator.NodeAgent.Metrics;

/// <summary>
/// What the agent's parts measure of their own work: under the names that alerts on kubelets and on kube-proxy use,
/// where there are any.
/// </summary>
public sealed class KubeletMeters
{
    private static readonly double[] StartBounds =
    [
        0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600,
    ];

    // From a millisecond to 16 s, doubling.
    private static readonly double[] SyncBounds = [.. Enumerable.Range(0, 15).Select(static i => 0.001 * (1 << i))];

    // Fifteen bounds from 0.1 s to 40 s: a call to a driver of devices may take 45 s.
    private static readonly double[] DraBounds =
        [.. Enumerable.Range(0, 15).Select(static i => 0.1 * Math.Pow(400, i / 14.0))];

    // A quarter and half a second, then seconds up to a minute, steps of five up to two, and of thirty up to five.
    private static readonly double[] ProgrammingBounds =
    [
        0.25, 0.5, .. Enumerable.Range(1, 59).Select(static i => (double)i),
        .. Enumerable.Range(0, 12).Select(static i => 60.0 + (5 * i)),
        .. Enumerable.Range(0, 7).Select(static i => 120.0 + (30 * i)),
    ];

    /// <summary>From the first sight of a pod to its running.</summary>
    public DurationMetric PodStart { get; } = new(
        "kubelet_pod_start_duration_seconds",
        "[ALPHA] Duration in seconds from kubelet seeing a pod for the first time to the pod starting to run",
        StartBounds);

    /// <summary>One step of a pod's worker.</summary>
    public DurationMetric PodWorker { get; } = new(
        "kubelet_pod_worker_duration_seconds",
        "[ALPHA] Duration in seconds to sync a single pod. Broken down by operation type: create, update, or sync",
        DurationMetric.UsualBounds, "operation_type");

    /// <summary>A full list of what the runtime has.</summary>
    public DurationMetric Relist { get; } = new(
        "kubelet_pleg_relist_duration_seconds", "[ALPHA] Duration in seconds for relisting pods in PLEG.",
        DurationMetric.UsualBounds);

    /// <summary>From one full list to the next.</summary>
    public DurationMetric RelistInterval { get; } = new(
        "kubelet_pleg_relist_interval_seconds", "[ALPHA] Interval in seconds between relisting in PLEG.",
        DurationMetric.UsualBounds);

    /// <summary>A change of a cgroup above containers: <c>create</c>, <c>update</c> or <c>destroy</c>.</summary>
    public DurationMetric Cgroup { get; } = new(
        "kubelet_cgroup_manager_duration_seconds",
        "[ALPHA] Duration in seconds for cgroup manager operations. Broken down by method.",
        DurationMetric.UsualBounds, "operation_type");

    /// <summary>A sandbox was made, whatever came of it; by the handler of its RuntimeClass.</summary>
    public DurationMetric RunSandbox { get; } = new(
        "kubelet_run_podsandbox_duration_seconds",
        "[ALPHA] Duration in seconds of the run_podsandbox operations. Broken down by RuntimeClass.Handler.",
        DurationMetric.UsualBounds, "runtime_handler");

    public CountMetric RunSandboxErrors { get; } = new(
        "kubelet_run_podsandbox_errors_total",
        "[ALPHA] Cumulative number of the run_podsandbox operation errors by RuntimeClass.Handler.",
        "runtime_handler");

    /// <summary>Pods that a sandbox was to be made for, and those of them where that failed.</summary>
    public CountMetric StartedPods { get; } = new(
        "kubelet_started_pods_total", "[ALPHA] Cumulative number of pods started");

    public CountMetric StartedPodErrors { get; } = new(
        "kubelet_started_pods_errors_total", "[ALPHA] Cumulative number of errors when starting pods");

    /// <summary>The same of those that have user ids of their own.</summary>
    public CountMetric StartedUserNamespacedPods { get; } = new(
        "kubelet_started_user_namespaced_pods_total",
        "[ALPHA] Cumulative number of pods with user namespaces started. This metric will only be collected on Linux.");

    public CountMetric StartedUserNamespacedPodErrors { get; } = new(
        "kubelet_started_user_namespaced_pods_errors_total",
        "[ALPHA] Cumulative number of errors when starting pods with user namespaces. This metric will only be collected on Linux.");

    /// <summary>Containers that were to be started: <c>container</c>, <c>init_container</c> or
    /// <c>ephemeral_container</c>.</summary>
    public CountMetric StartedContainers { get; } = new(
        "kubelet_started_containers_total", "[ALPHA] Cumulative number of containers started", "container_type");

    /// <summary>Those of them where that failed, by the reason that the container waits for.</summary>
    public CountMetric StartedContainerErrors { get; } = new(
        "kubelet_started_containers_errors_total", "[ALPHA] Cumulative number of errors when starting containers",
        "code", "container_type");

    /// <summary>Pods that had to go for the node's sake, or are over a limit, by what was short.</summary>
    public CountMetric Evictions { get; } = new(
        "kubelet_evictions", "[ALPHA] Cumulative number of pod evictions by eviction signal", "eviction_signal");

    /// <summary>Pods that had to go for a critical one, by what that lacked first.</summary>
    public CountMetric Preemptions { get; } = new(
        "kubelet_preemptions", "[ALPHA] Cumulative number of pod preemptions by preemption resource",
        "preemption_signal");

    /// <summary>A program was run for credentials of an image, by its name.</summary>
    public DurationMetric CredentialPlugins { get; } = new(
        "kubelet_credential_provider_plugin_duration",
        "[ALPHA] Duration of execution in seconds for credential provider plugin", DurationMetric.UsualBounds,
        "plugin_name");

    public CountMetric CredentialPluginErrors { get; } = new(
        "kubelet_credential_provider_plugin_errors", "[ALPHA] Number of errors from credential provider plugin",
        "plugin_name");

    /// <summary>Whether a pod may use an image that is there was looked up; by what came of it.</summary>
    public CountMetric PullChecks { get; } = new(
        "kubelet_imagemanager_image_mustpull_checks_total",
        "[ALPHA] Counter for how many times kubelet checked whether credentials need to be re-verified to access an " +
        "image",
        "result");

    /// <summary>Plugins of devices that wanted to register, by what they have.</summary>
    public CountMetric DevicePluginRegistrations { get; } = new(
        "kubelet_device_plugin_registration_total",
        "[ALPHA] Cumulative number of device plugin registrations. Broken down by resource name.", "resource_name");

    /// <summary>Questions that were taken at the PodResources API, by its version.</summary>
    public CountMetric PodResourcesRequests { get; } = new(
        "kubelet_pod_resources_endpoint_requests_total",
        "[ALPHA] Cumulative number of requests to the PodResource endpoint. Broken down by server api version.",
        "server_api_version");

    /// <summary>A container was given devices.</summary>
    public DurationMetric DeviceAllocations { get; } = new(
        "kubelet_device_plugin_alloc_duration_seconds",
        "[ALPHA] Duration in seconds to serve a device plugin Allocation request. Broken down by resource name.",
        DurationMetric.UsualBounds, "resource_name");

    /// <summary>All claims of a pod were prepared, or taken back, and whether that failed.</summary>
    public DurationMetric DraOperations { get; } = new(
        "dra_operations_duration_seconds",
        "[ALPHA] Latency histogram in seconds for the duration of handling all ResourceClaims referenced by a pod " +
        "when the pod starts or stops. Identified by the name of the operation (PrepareResources or " +
        "UnprepareResources) and separated by the success of the operation. The number of failed operations is " +
        "provided through the histogram's overall count.",
        DraBounds, "is_error", "operation_name");

    /// <summary>A call to a plugin of a driver of dynamic resources.</summary>
    public DurationMetric DraCalls { get; } = new(
        "dra_grpc_operations_duration_seconds", "[ALPHA] Duration in seconds of the DRA gRPC operations", DraBounds,
        "driver_name", "grpc_status_code", "method_name");

    /// <summary>One step of the rules of Services, of one family of addresses.</summary>
    public DurationMetric ProxySync { get; } = new(
        "kubeproxy_sync_proxy_rules_duration_seconds", "[ALPHA] SyncProxyRules latency in seconds", SyncBounds,
        "ip_family");

    /// <summary>From a change of pods until the rules of Services follow it.</summary>
    public DurationMetric NetworkProgramming { get; } = new(
        "kubeproxy_network_programming_duration_seconds", "[ALPHA] In Cluster Network Programming Latency in seconds",
        ProgrammingBounds, "ip_family");

    /// <summary>One step of the rules of network policies.</summary>
    public DurationMetric PolicySync { get; } = new(
        "orc_network_policy_sync_duration_seconds",
        "Duration in seconds of planning what network policies say and having the kernel do it.",
        DurationMetric.UsualBounds);

    /// <summary>Parts of the machine that containers have for themselves.</summary>
    public PinningMeters Pinning { get; } = new();

    public void Write(MetricsText text)
    {
        Cgroup.Write(text);
        CredentialPlugins.Write(text);
        CredentialPluginErrors.Write(text);
        DeviceAllocations.Write(text);
        DevicePluginRegistrations.Write(text);
        DraCalls.Write(text);
        DraOperations.Write(text);
        Evictions.Write(text);
        PullChecks.Write(text);
        Relist.Write(text);
        RelistInterval.Write(text);
        PodResourcesRequests.Write(text);
        PodStart.Write(text);
        PodWorker.Write(text);
        Pinning.Write(text);
        Preemptions.Write(text);
        RunSandbox.Write(text);
        RunSandboxErrors.Write(text);
        StartedContainerErrors.Write(text);
        StartedContainers.Write(text);
        StartedPodErrors.Write(text);
        StartedPods.Write(text);
        StartedUserNamespacedPodErrors.Write(text);
        StartedUserNamespacedPods.Write(text);
        NetworkProgramming.Write(text);
        ProxySync.Write(text);
        PolicySync.Write(text);
    }
}
