using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Dra;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Plugins;

namespace OrleansOrchestrator.NodeAgent.Tests.Support;

/// <summary>The node's side of drivers of dynamic resources, put together as the agent does.</summary>
internal sealed class DraParts : IDisposable
{
    public DraParts(NodeAgentOptions options, FakeCluster cluster, TimeProvider time)
    {
        Directory.CreateDirectory(options.DataDirectory);
        Health = new DeviceHealthBook(time);
        Plugins = new DraPlugins(Meters, Health, time, NullLogger<DraPlugins>.Instance);
        Claims = new PreparedClaims(options);
        Manager = new DynamicResources(
            cluster, Plugins, Claims, Health, Meters, time, NullLogger<DynamicResources>.Instance);
        Cleaner = new SliceCleaner(options, cluster, Plugins, time, NullLogger<SliceCleaner>.Instance);
    }

    public KubeletMeters Meters { get; } = new();

    public DeviceHealthBook Health { get; }

    public DraPlugins Plugins { get; }

    public PreparedClaims Claims { get; }

    public DynamicResources Manager { get; }

    public SliceCleaner Cleaner { get; }

    /// <summary>A plugin registers, without a socket for that.</summary>
    public Task RegisterAsync(FakeDraDriver driver, CancellationToken cancellationToken) =>
        Plugins.RegisterAsync(driver.Self, cancellationToken);

    public Task DeregisterAsync(FakeDraDriver driver, CancellationToken cancellationToken) =>
        Plugins.DeregisterAsync(driver.Self, cancellationToken);

    public void Dispose()
    {
        Cleaner.Dispose();
        Plugins.Dispose();
    }

    /// <summary>A claim with a device of each driver, reserved for the pods.</summary>
    public static Resourcev1ResourceClaim Claim(string name, string[] drivers, params V1Pod[] pods) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Uid = "uid-of-" + name },
        Status = new V1ResourceClaimStatus
        {
            ReservedFor = [.. pods.Select(static p => new V1ResourceClaimConsumerReference
            {
                Name = p.Metadata.Name, Resource = "pods", Uid = p.Metadata.Uid,
            })],
            Allocation = new V1AllocationResult
            {
                Devices = new V1DeviceAllocationResult
                {
                    Results = [.. drivers.Select(static d => new V1DeviceRequestAllocationResult
                    {
                        Driver = d, Pool = "pool", Device = "device", Request = "r",
                    })],
                },
            },
        },
    };

    /// <summary>A pod each of whose containers uses all of its claims, under the claims' own names.</summary>
    public static V1Pod Using(V1Pod pod, params string[] claims)
    {
        pod.Metadata.Uid = "uid-of-" + pod.Metadata.Name;
        pod.Spec.ResourceClaims =
            [.. claims.Select(static c => new V1PodResourceClaim { Name = c, ResourceClaimName = c })];
        foreach (var container in pod.Spec.Containers)
        {
            container.Resources = new V1ResourceRequirements
            {
                Claims = [.. claims.Select(static c => new Corev1ResourceClaim { Name = c })],
            };
        }

        return pod;
    }
}
