using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansOrchestrator.Api.Admission.Expressions;
using OrleansOrchestrator.Api.Admission.Matching;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Policies;

/// <summary>Wires the admission by policies into a host.</summary>
public static class PolicyHosting
{
    /// <summary>Registers everything in this folder; needs caches and authorizers.</summary>
    public static IServiceCollection AddAdmissionPolicies(this IServiceCollection services)
    {
        services.TryAddSingleton<WriteMatcher>();
        services.TryAddSingleton<ConditionMetrics>();
        services.TryAddSingleton<PolicyMetrics>();
        services.TryAddSingleton<PolicyParams>();
        services.TryAddSingleton<PolicyInvocations>();
        services.AddSingleton<IAdmissionPlugin, ParamRightsPlugin>();
        services.AddSingleton<IAdmissionPlugin>(static s => new MutatingPolicyPlugin(
            Source(
                s, WellKnown.MutatingAdmissionPolicies, WellKnown.MutatingAdmissionPolicyBindings,
                MutatingPolicy.Of, PolicyBinding.OfMutating),
            s.GetRequiredService<WriteMatcher>(), s.GetRequiredService<PolicyInvocations>(),
            s.GetRequiredService<AuthorizerChain>(), s.GetRequiredService<PolicyMetrics>(),
            s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IAdmissionPlugin>(static s => new ValidatingPolicyPlugin(
            Source(
                s, WellKnown.ValidatingAdmissionPolicies, WellKnown.ValidatingAdmissionPolicyBindings,
                ValidatingPolicy.Of, PolicyBinding.OfValidating),
            s.GetRequiredService<WriteMatcher>(), s.GetRequiredService<PolicyInvocations>(),
            s.GetRequiredService<AuthorizerChain>(), s.GetRequiredService<PolicyMetrics>(),
            s.GetRequiredService<TimeProvider>()));
        return services;
    }

    private static CompiledSource<BoundPolicy<T>> Source<T>(
        IServiceProvider services, ResourceName policies, ResourceName bindings, Func<ResourceObject, T> read,
        Func<ResourceObject, PolicyBinding> readBinding) => new(
        services.GetRequiredService<ResourceCaches>(), services.GetRequiredService<TimeProvider>(),
        [policies, bindings], snapshots => Join(snapshots[0], snapshots[1], read, readBinding));

    /// <summary>Policies that nothing puts to work are not even compiled.</summary>
    private static BoundPolicy<T>[] Join<T>(
        CacheSnapshot policies, CacheSnapshot bindings, Func<ResourceObject, T> read,
        Func<ResourceObject, PolicyBinding> readBinding)
    {
        var byPolicy = bindings.Range().Select(readBinding).ToLookup(static b => b.Policy, StringComparer.Ordinal);
        return
        [
            .. policies.Range().Where(p => byPolicy.Contains(p.Key.Name))
                .Select(p => new BoundPolicy<T>(read(p), [.. byPolicy[p.Key.Name]])),
        ];
    }
}
