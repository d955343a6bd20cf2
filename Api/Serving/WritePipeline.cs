using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Admission.Policies;
using OrleansOrchestrator.Api.Admission.Webhooks;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Auth.Rbac;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Api.Subresources;
using OrleansOrchestrator.Api.Writing;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;

namespace OrleansOrchestrator.Api.Serving;

/// <summary>
/// Registers what carries out writes: the pipeline, its admission plugins, and the in-process client.
/// </summary>
public static class WritePipeline
{
    public static IServiceCollection AddWritePipeline(this IServiceCollection services)
    {
        services.TryAddSingleton<ObjectDoor>();
        services.TryAddSingleton<ObjectStore>();
        services.TryAddSingleton<ObjectReader>();
        services.TryAddSingleton<ObjectCreator>();
        services.TryAddSingleton<KeyAges>();
        services.TryAddSingleton<ObjectUpdater>();
        services.TryAddSingleton<ObjectDeleter>();
        services.TryAddSingleton<CollectionDeleter>();
        services.AddSingleton<ISubresource, BindingHandler>();
        services.TryAddSingleton<DisruptionBudgets>();
        services.AddSingleton<ISubresource, EvictionHandler>();
        services.AddSingleton<ISubresource, ScaleHandler>();
        services.TryAddSingleton<QuestionCreator>();
        services.TryAddSingleton<WriteEngine>();
        services.TryAddSingleton<ObjectHandler>();
        services.TryAddSingleton(new AdmissionOptions());
        services.TryAddSingleton<AdmissionMetrics>();
        services.TryAddSingleton<AdmissionChain>();
        services.AddSingleton<IAdmissionPlugin, CreateByUpdatePlugin>();
        services.AddSingleton<IAdmissionPlugin, NamespaceLifecyclePlugin>();
        services.AddSingleton<IAdmissionPlugin, LimitRangerPlugin>();
        services.AddSingleton<IAdmissionPlugin, ServiceAccountPlugin>();
        services.AddSingleton<IAdmissionPlugin, NodeRestrictionPlugin>();
        services.AddSingleton<IAdmissionPlugin, TaintNodesByConditionPlugin>();
        services.TryAddSingleton(new PodSecurityOptions());
        services.TryAddSingleton<PodSecurityMetrics>();
        services.AddSingleton<IAdmissionPlugin, PodSecurityPlugin>();
        services.AddSingleton<IAdmissionPlugin, PriorityPlugin>();
        services.TryAddSingleton(new DefaultTolerations());
        services.AddSingleton<IAdmissionPlugin, DefaultTolerationSecondsPlugin>();
        services.AddSingleton<IAdmissionPlugin, DefaultStorageClassPlugin>();
        services.AddSingleton<IAdmissionPlugin, StorageProtectionPlugin>();
        services.AddSingleton<IAdmissionPlugin, ClaimResizePlugin>();
        services.AddSingleton<IAdmissionPlugin, RuntimeClassPlugin>();
        services.AddSingleton<IAdmissionPlugin, DefaultIngressClassPlugin>();
        services.AddSingleton<IAdmissionPlugin, PodTopologyLabelsPlugin>();
        services.AddSingleton<IAdmissionPlugin, NodeFeaturesPlugin>();
        services.AddSingleton<IAdmissionPlugin, PodResizePlugin>();
        services.TryAddSingleton(QuotaLimits.None);
        services.AddSingleton<IAdmissionPlugin, ResourceQuotaPlugin>();
        services.AddSingleton<IAdmissionPlugin>(
            s => CertificateSignersPlugin.Approval(s.GetRequiredService<AuthorizerChain>()));
        services.AddSingleton<IAdmissionPlugin>(
            s => CertificateSignersPlugin.Signing(s.GetRequiredService<AuthorizerChain>()));
        services.AddSingleton<IAdmissionPlugin, CertificateSubjectRestrictionPlugin>();
        services.AddAdmissionPolicies();
        services.AddAdmissionWebhooks();
        services.TryAddSingleton<RoleBook>();
        services.AddSingleton<IAdmissionPlugin, RoleEscalationPlugin>();
        services.AddSingleton<IAdmissionPlugin, DeviceAdministrationPlugin>();
        services.AddSingleton<IAdmissionPlugin, ClaimStatusRightsPlugin>();
        services.TryAddSingleton<ResourceClientServices>();
        services.TryAddSingleton<IResourceClient>(s => new ResourceClient(
            s.GetRequiredService<ResourceClientServices>(), UserIdentity.ApiServer));
        return services;
    }
    /// <summary>Answers requests for tokens of service accounts; needs what authentication registers.</summary>
    public static IServiceCollection AddTokenRequests(this IServiceCollection services) =>
        services.AddSingleton<IConnectHandler, TokenRequestHandler>();
}
