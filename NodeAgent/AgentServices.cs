using k8s;
using OrleansOrchestrator.Logs.Shipping;
using OrleansOrchestrator.NodeAgent.Announcing;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Containerd;
using OrleansOrchestrator.NodeAgent.Cpus;
using OrleansOrchestrator.NodeAgent.Credentials;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Csi;
using OrleansOrchestrator.NodeAgent.Devices;
using OrleansOrchestrator.NodeAgent.Dns;
using OrleansOrchestrator.NodeAgent.Dra;
using OrleansOrchestrator.NodeAgent.Environments;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Logs;
using OrleansOrchestrator.NodeAgent.Logs.Shipping;
using OrleansOrchestrator.NodeAgent.MemoryBlocks;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Network;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Numa;
using OrleansOrchestrator.NodeAgent.Plugins;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Pods.Resizing;
using OrleansOrchestrator.NodeAgent.Policies;
using OrleansOrchestrator.NodeAgent.Probes;
using OrleansOrchestrator.NodeAgent.Proxy;
using OrleansOrchestrator.NodeAgent.Reclaiming;
using OrleansOrchestrator.NodeAgent.Server;
using OrleansOrchestrator.NodeAgent.Shutdown;
using OrleansOrchestrator.NodeAgent.StaticPods;
using OrleansOrchestrator.NodeAgent.Stats;
using OrleansOrchestrator.NodeAgent.Swap;
using OrleansOrchestrator.NodeAgent.UserNamespaces;
using OrleansOrchestrator.NodeAgent.Volumes;

namespace OrleansOrchestrator.NodeAgent;

/// <summary>The composition of the agent: each part is one line, and adding a hosted service is one more.</summary>
public static class AgentServices
{
    /// <summary>The whole agent, talking to the API of the kubeconfig.</summary>
    public static IServiceCollection AddNodeAgent(this IServiceCollection services, NodeAgentOptions options)
    {
        services.AddNodeCore(options);
        services.AddClusterConnection();
        services.AddPart<NodeStatusLoop>();
        services.AddPart<NodeWatch>();
        services.AddPart<CsiNodeStart>();
        services.AddPart<CsiDriverWatch>();
        services.AddPart<LeaseLoop>();
        services.AddPart<HostNetwork>();
        services.AddPart<PodRoutes>();
        services.AddPart<PressureMonitor>();
        services.AddPart<OomWatcher>();
        services.AddPart<ServiceDirectory>();
        services.AddPart<NodeDirectory>();
        services.AddPart<AddressAnnouncer>();
        services.AddSingleton<ProxyHealth>();
        services.AddSingleton<ServiceHealthPorts>();
        services.AddPart<ServiceProxy>();
        services.AddPart<ProxyHealthServer>();
        services.AddPart<PolicyDirectory>();
        services.AddPart<PolicyEnforcer>();
        services.AddSingleton<IPodIsolation>(provider => provider.GetRequiredService<PolicyEnforcer>());
        services.AddPart<ClusterDns>();
        if (options.SendsLogs)
        {
            services.AddLogShipping(options);
        }

        services.AddKubeletServer();
        return services;
    }

    /// <summary>
    /// Runtime, pods and everything on the node; the four ways to the API, and who isolates pods, come from elsewhere.
    /// </summary>
    public static IServiceCollection AddNodeCore(this IServiceCollection services, NodeAgentOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(new CriClient(options.SocketPath));
        services.AddSingleton<RuntimeHealth>();
        services.AddSingleton<ContainerdConfig>();
        services.AddSingleton<ImageStore>();
        services.AddSingleton<ImagePuller>();
        services.AddSingleton<ImageViews>();
        services.AddSingleton<ImageVolumes>();
        services.AddSingleton<PullSecrets>();
        services.AddSingleton<CredentialPlugins>();
        services.AddSingleton(new NodeDockerConfiguration(
            options.KubeletDirectory, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile)));
        services.AddSingleton<PullRecords>();
        services.AddSingleton<PullProgress>();
        services.AddSingleton<NodeFacts>();
        services.AddSingleton<NodeObject>();
        services.AddSingleton<NodeStatusComputer>();
        services.AddSingleton<PressureState>();
        services.AddSingleton<ShutdownState>();
        services.AddSingleton<ShutdownRecord>();
        services.AddSingleton<NodeSignals>();
        services.AddSingleton<PodUsageReader>();
        services.AddSingleton<ContainerGarbageCollector>();
        services.AddSingleton<ICgroupHierarchy>(static s => new MeteredCgroups(
            CgroupFiles.OfThisMachine(), s.GetRequiredService<KubeletMeters>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<Cgroups>();
        services.AddSingleton<PodPaths>();
        services.AddSingleton(static s => new TokenCache(
            s.GetRequiredService<IClusterApi>(), s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<ILogger<TokenCache>>()));
        services.AddSingleton<ObjectFiles>();
        services.AddSingleton(new MountProgram("mount"));
        services.AddSingleton<NfsVolumes>();
        services.AddSingleton<VolumeOwnership>();
        services.AddSingleton<DeviceFileSystems>();
        services.AddSingleton<LocalMounts>();
        services.AddSingleton<ClaimedVolumes>();
        services.AddDynamicResources();
        services.AddCsi(options);
        services.AddDevices();
        services.AddPinning();
        services.AddSingleton<VolumeManager>();
        services.AddSingleton<ContainerMounts>();
        services.AddSingleton<HostsFiles>();
        services.AddSingleton<EnvironmentBuilder>();
        services.AddSingleton<HandlerRunner>();
        services.AddSingleton<ProbeMetrics>();
        services.AddSingleton<ProbeManager>();
        services.AddSingleton<TerminationMessages>();
        services.AddSingleton<PodUserNamespaces>();
        services.AddSingleton<PodSwap>();
        services.AddSingleton<SandboxConfigBuilder>();
        services.AddSingleton<ContainerConfigBuilder>();
        services.AddSingleton<ContainerOperations>();
        services.AddSingleton<SandboxOperations>();
        services.AddSingleton<PodAllocations>();
        services.AddSingleton<ResizeOperations>();
        services.AddSingleton<LogSources>();
        services.AddSingleton<ContainerLogLinks>();
        services.AddSingleton<PodLogDirectories>();
        services.AddSingleton<ShippingCounts>();
        services.AddSingleton<OwnLines>();
        services.AddSingleton<PodWorkerServices>();
        services.AddPart<ContainerdSupervisor>();
        services.AddPart<PodRuntimeCache>();
        services.AddPart<EventRecorder>();
        services.AddPart<StatusManager>();
        services.AddSingleton<StaticPodSource>();
        services.AddPart<ManifestDownload>(); // before files are read
        services.AddPart<ManifestFollower>();
        services.AddPart<MirrorPods>();
        services.AddSingleton<LeftOvers>();
        services.AddPart<PodManager>();
        services.AddPart<ClaimSweeper>();
        services.AddPart<LogRotator>();
        services.AddPart<ImageGarbageCollector>();
        services.AddPart<NodeShutdown>();
        services.AddNodeStats();
        services.AddSingleton<IPodRegistry>(provider => provider.GetRequiredService<PodManager>());
        return services;
    }

    /// <summary>Plugins of the node, and the volumes of those that are drivers of CSI.</summary>
    private static void AddCsi(this IServiceCollection services, NodeAgentOptions options)
    {
        services.AddSingleton(_ => new VolumesInUse(CsiPlaces.LeftBehind(options)));
        services.AddSingleton<CsiNodeObject>();
        services.AddSingleton<CsiDrivers>();
        services.AddSingleton<IPluginHandler>(provider => provider.GetRequiredService<CsiDrivers>());
        services.AddSingleton<PluginRegistration>();
        services.AddSingleton<CsiDevices>();
        services.AddSingleton<CsiAttachments>();
        services.AddSingleton<CsiFacts>();
        services.AddSingleton<CsiVolumes>();
        services.AddSingleton<CsiExpansion>();
        services.AddSingleton<CsiUsage>();
        services.AddPart<CsiLimits>();
        services.AddPart<PluginWatcher>();
        services.AddPart<CsiUpkeep>();
    }

    /// <summary>Devices that pods claim, and their drivers.</summary>
    private static void AddDynamicResources(this IServiceCollection services)
    {
        services.AddSingleton<DeviceHealthBook>();
        services.AddSingleton<DraPlugins>();
        services.AddSingleton<IPluginHandler>(provider => provider.GetRequiredService<DraPlugins>());
        services.AddSingleton<PreparedClaims>();
        services.AddSingleton<DynamicResources>();
        services.AddPart<SliceCleaner>(); // before plugins can register
    }

    /// <summary>Devices that plugins have, and who gets them.</summary>
    private static void AddDevices(this IServiceCollection services)
    {
        services.AddSingleton<DeviceInventory>();
        services.AddSingleton<DeviceAllocations>();
        services.AddSingleton<DevicePlugins>();
        services.AddSingleton<DeviceManager>();
        services.AddSingleton<PodResourcesLister>();
        services.AddSingleton<AlphaPodResourcesLister>();
        services.AddSingleton<PodResourcesGate>();
        services.AddPart<DeviceServer>();
    }

    /// <summary>
    /// Parts of the machine that are one container's alone; devices come first, as upstream has it.
    /// </summary>
    private static void AddPinning(this IServiceCollection services)
    {
        services.AddSingleton(static s =>
            MachineTopology.Read("/sys", s.GetRequiredService<NodeFacts>().MemoryCapacityBytes));
        services.AddSingleton<CpuManager>();
        services.AddSingleton<MemoryManager>();
        services.AddSingleton<IHintProvider>(static s => s.GetRequiredService<DeviceManager>());
        services.AddSingleton<IHintProvider>(static s => s.GetRequiredService<CpuManager>());
        services.AddSingleton<IHintProvider>(static s => s.GetRequiredService<MemoryManager>());
        services.AddSingleton<TopologyManager>();
        services.AddPart<CpuReconciler>();
    }

    /// <summary>A singleton that also runs in the background.</summary>
    public static IServiceCollection AddPart<T>(this IServiceCollection services)
        where T : class, IHostedService
    {
        services.AddSingleton<T>();
        return services.AddHostedService(provider => provider.GetRequiredService<T>());
    }

    private static void AddLogShipping(this IServiceCollection services, NodeAgentOptions options)
    {
        services.AddSingleton<ILogSink, KubeLogSink>();
        services.AddPart<LogShipper>();
        services.AddSingleton<ILoggerProvider, OwnLoggerProvider>();
        services.AddHostedService(provider => ActivatorUtilities.CreateInstance<OwnLineShipper>(
            provider, OwnStreams.OfNode(options.NodeName)));
    }

    private static void AddClusterConnection(this IServiceCollection services)
    {
        services.AddSingleton<NodeCredentials>();
        services.AddSingleton<IKubernetes>(
            static provider => provider.GetRequiredService<NodeCredentials>().Connect());
        services.AddPart<CredentialKeeper>();
        services.AddSingleton<IClusterApi, KubeClusterApi>();
        services.AddSingleton<IAccessReviews, ClusterAccessReviews>();
        services.AddPart<ObjectCache>();
        services.AddSingleton<IObjectReader>(provider => provider.GetRequiredService<ObjectCache>());
        services.AddSingleton<IReferenceTracker>(provider => provider.GetRequiredService<ObjectCache>());
        services.AddPart<KubePodSource>();
        services.AddSingleton<IPodSource>(provider => provider.GetRequiredService<KubePodSource>());
    }
}
