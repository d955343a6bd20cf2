using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cpus;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Devices;
using OrleansOrchestrator.NodeAgent.Dra;
using OrleansOrchestrator.NodeAgent.Environments;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Numa;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods.Resizing;
using OrleansOrchestrator.NodeAgent.Probes;
using OrleansOrchestrator.NodeAgent.Volumes;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>The parts that every pod worker works with.</summary>
public sealed record PodWorkerServices(
    PodRuntimeCache Runtime,
    RuntimeHealth Health,
    SandboxOperations Sandboxes,
    IPodIsolation Isolation,
    ContainerOperations Containers,
    ImagePuller Images,
    VolumeManager Volumes,
    DynamicResources Devices,
    DeviceManager PluggedDevices,
    ProbeManager Probes,
    StatusManager Statuses,
    TerminationMessages Messages,
    EventRecorder Events,
    Cgroups Cgroups,
    CpuManager Cpus,
    TopologyManager Topology,
    PodAllocations Allocations,
    ResizeOperations Resizes,
    NodeFacts Node,
    IObjectReader Objects,
    KubeletMeters Meters,
    TimeProvider Time,
    ILogger<PodWorker> Logger)
{
    /// <summary>What a pod's containers and volumes learn from the node.</summary>
    public async Task<EnvironmentFacts> EnvironmentAsync(
        V1Pod pod, PodRuntimeState observed, CancellationToken cancellationToken)
    {
        var services = pod.IsStatic() ? Objects.KnownServices : await Objects.ListServicesAsync(cancellationToken);
        var podIps = pod.UsesHostNetwork() ? Node.Addresses : observed.ReadySandbox?.Ips ?? [];
        return new EnvironmentFacts
        {
            Addresses = new PodAddresses(Node.Addresses, podIps),
            Allocatable = PodResources.Ceiling(pod, Node.Allocatable),
            ServiceVariables = ServiceVariables.Compute(
                services, pod.Metadata.NamespaceProperty, pod.Spec.EnableServiceLinks ?? true),
        };
    }
}
