using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Cache;

/// <summary>Registration of the caches.</summary>
public static class ResourceCacheExtensions
{
    /// <summary>Adds <see cref="ResourceCaches"/>. Needs an <c>IJournalStore</c> and an <c>IGrainFactory</c>.</summary>
    public static IServiceCollection AddResourceCaches(
        this IServiceCollection services, Action<CacheOptions>? configure = null)
    {
        var options = new CacheOptions();
        configure?.Invoke(options);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.TryAddSingleton<ResourceCatalog>();
        services.TryAddSingleton<LocalRevisions>();
        services.AddSingleton<ResourceCaches>();
        return services;
    }
}
