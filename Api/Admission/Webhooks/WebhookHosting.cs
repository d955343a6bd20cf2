using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Api.Admission.Expressions;
using OrleansOrchestrator.Api.Admission.Matching;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>Wires the admission by webhooks into a host.</summary>
public static class WebhookHosting
{
    /// <summary>Registers everything in this folder; needs caches and <see cref="ObjectReader"/>.</summary>
    public static IServiceCollection AddAdmissionWebhooks(this IServiceCollection services)
    {
        services.AddRemoteCalls();
        services.TryAddSingleton<HookMetrics>();
        services.TryAddSingleton<ConditionMetrics>();
        services.TryAddSingleton(HookUsers.None);
        services.TryAddSingleton<HookCaller>();
        services.TryAddSingleton<WriteMatcher>();
        services.AddSingleton<IAdmissionPlugin>(static s => new MutatingWebhookPlugin(
            Hooks(s, WellKnown.MutatingWebhookConfigurations, AdmissionHook.OfMutating),
            s.GetRequiredService<HookCaller>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IAdmissionPlugin>(static s => new ValidatingWebhookPlugin(
            Hooks(s, WellKnown.ValidatingWebhookConfigurations, AdmissionHook.OfValidating),
            s.GetRequiredService<HookCaller>(), s.GetRequiredService<TimeProvider>()));
        return services;
    }

    private static WebhookPlugin Hooks(
        IServiceProvider services, ResourceName resource, Func<ResourceObject, IEnumerable<AdmissionHook>> read) => new(
        new CompiledSource<AdmissionHook>(
            services.GetRequiredService<ResourceCaches>(), services.GetRequiredService<TimeProvider>(), [resource],
            snapshots => [.. snapshots[0].Range().SelectMany(read)]),
        services.GetRequiredService<WriteMatcher>(), services.GetRequiredService<AuthorizerChain>(),
        services.GetRequiredService<HookMetrics>(), services.GetRequiredService<ConditionMetrics>(),
        services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<WebhookPlugin>>());
}
