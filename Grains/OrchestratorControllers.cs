using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansOrchestrator.Grains.AdmissionRegistration;
using OrleansOrchestrator.Grains.ApiExtensions.Definitions;
using OrleansOrchestrator.Grains.ApiRegistration.ApiServices;
using OrleansOrchestrator.Grains.Apps.DaemonSets;
using OrleansOrchestrator.Grains.Apps.Deployments;
using OrleansOrchestrator.Grains.Apps.ReplicaSets;
using OrleansOrchestrator.Grains.Apps.StatefulSets;
using OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;
using OrleansOrchestrator.Grains.Batch.CronJobs;
using OrleansOrchestrator.Grains.Batch.Jobs;
using OrleansOrchestrator.Grains.Certificates.SigningRequests;
using OrleansOrchestrator.Grains.Core.ConfigMaps;
using OrleansOrchestrator.Grains.Core.Events;
using OrleansOrchestrator.Grains.Core.Namespaces;
using OrleansOrchestrator.Grains.Core.Nodes;
using OrleansOrchestrator.Grains.Core.PersistentVolumeClaims;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using OrleansOrchestrator.Grains.Core.PodCollection;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Core.ReplicationControllers;
using OrleansOrchestrator.Grains.Core.ResourceQuotas;
using OrleansOrchestrator.Grains.Core.Secrets;
using OrleansOrchestrator.Grains.Core.ServiceAccounts;
using OrleansOrchestrator.Grains.Core.Services;
using OrleansOrchestrator.Grains.FlowControl;
using OrleansOrchestrator.Grains.DynamicResources.Claims;
using OrleansOrchestrator.Grains.DynamicResources.Taints;
using OrleansOrchestrator.Grains.GarbageCollection;
using OrleansOrchestrator.Grains.Networking.IpAddresses;
using OrleansOrchestrator.Grains.Networking.ServiceCidrs;
using OrleansOrchestrator.Grains.Policy.PodDisruptionBudgets;
using OrleansOrchestrator.Grains.Rbac.ClusterRoles;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Security;
using OrleansOrchestrator.Grains.Storage.VolumeAttachments;
using OrleansOrchestrator.Grains.Storage.VolumeAttributesClasses;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Security;

namespace OrleansOrchestrator.Grains;

/// <summary>The controllers of a cluster.</summary>
public static class OrchestratorControllers
{
    /// <summary>Controllers whose work is done by the grains of a kind.</summary>
    private static readonly WakeRegistration[] Wakes =
    [
        DeploymentWakes.Registration,
        ReplicaSetWakes.Registration,
        ReplicationControllerWakes.Registration,
        StatefulSetWakes.Registration,
        DaemonSetWakes.Registration,
        JobWakes.Registration,
        CronJobWakes.Registration,
        ServiceWakes.Registration,
        NamespaceWakes.Registration,
        PodDisruptionBudgetWakes.Registration,
        HorizontalPodAutoscalerWakes.Registration,
        PodWakes.Registration,
        ClaimWakes.Registration,
        VolumeWakes.Registration,
        AttributesClassWakes.Registration,
        ResourceQuotaWakes.Registration,
        SecretWakes.Registration,
        ClusterRoleWakes.Registration,
        ResourceClaimWakes.Registration,
        SigningRequestWakes.Registration,
        ServiceCidrWakes.Registration,
        DefinitionWakes.Registration,
        ApiServiceWakes.Registration,
    ];

    /// <summary>
    /// Adds all controllers to a silo. They need <see cref="IResourceClient"/> and <c>IClusterTrust</c>.
    /// </summary>
    public static IServiceCollection AddOrchestratorControllers(
        this IServiceCollection services, Action<ControllersOptions>? configure = null)
    {
        services.AddOptions<ControllersOptions>();
        if (configure is not null)
        {
            services.Configure(configure);
        }

        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IChildCursors, GrainChildCursors>();
        services.TryAddSingleton<ICertificateSigner, ClusterSigner>();
        services.AddSingleton<ReconcilingServices>();
        services.AddSingleton<EventSink>();
        services.AddHostedService(s => s.GetRequiredService<EventSink>());
        services.AddHostedService<ControllerKeeper>();
        foreach (var wakes in Wakes)
        {
            services.AddWakeController(wakes);
        }

        services.AddController(NodeLifecycleController.Name, s => new NodeLifecycleController(s));
        services.AddController(NodeFurnishingController.Name, s => new NodeFurnishingController(s));
        services.AddController(TaintEvictionController.Name, s => new TaintEvictionController(s));
        services.AddController(DeviceTaintEvictionController.Name, s => new DeviceTaintEvictionController(s));
        services.AddController(PodCollectionController.Name, s => new PodCollectionController(s));
        services.AddController(EventExpiryController.Name, s => new EventExpiryController(s));
        services.AddController(StaleDisruptionController.Name, s => new StaleDisruptionController(s));
        services.AddController(OrphanedJobPodController.Name, s => new OrphanedJobPodController(s));
        services.AddController(IpAddressController.Name, s => new IpAddressController(s));
        services.AddController(ClusterInfoController.Name, s => new ClusterInfoController(s));
        services.AddController(ClusterAuthenticationController.Name, s => new ClusterAuthenticationController(s));
        services.AddController(ApiServiceRegistrar.Name, s => new ApiServiceRegistrar(s));
        services.AddController(LegacyTokenController.Name, s => new LegacyTokenController(s));
        services.AddController(FlowSchemaController.Name, s => new FlowSchemaController(s));
        services.AddController(PolicyStatusController.Name, s => new PolicyStatusController(s));
        services.AddController(AttachDetachController.Name, s => new AttachDetachController(s));
        services.AddController(GarbageCollector.Name, s => new GarbageCollector(s));
        return services;
    }

    /// <summary>Adds a controller of one's own.</summary>
    public static IServiceCollection AddController(
        this IServiceCollection services, string name, Func<ReconcilingServices, IController> create) =>
        services.AddSingleton(
            new ControllerRegistration(name, s => create(s.GetRequiredService<ReconcilingServices>())));

    private static void AddWakeController(this IServiceCollection services, WakeRegistration registration) =>
        services.AddSingleton(new ControllerRegistration(registration.Name, provider =>
        {
            var reconciling = provider.GetRequiredService<ReconcilingServices>();
            return new WakeController(
                registration.Target,
                registration.Namesakes,
                registration.Follows(),
                reconciling.Client.As(UserIdentity.Controller(registration.Name)),
                Waker(provider, reconciling.Resources.Find(registration.Target)!.Of.GrainType),
                reconciling.Options,
                reconciling.Time,
                registration.Concerns,
                reconciling.Catalog);
        }));

    private static WakeUp Waker(IServiceProvider provider, string grainType)
    {
        var grains = provider.GetRequiredService<IGrainFactory>();
        return target => _ = grains.GetObjectGrain(grainType, target).ReconcileAsync();
    }
}
