using Microsoft.Extensions.DependencyInjection;

namespace OrleansOrchestrator.Api.Cache;

/// <summary>Registration of the caches.</summary>
public static class ResourceCacheExtensions
{
    /// <summary>Adds <see cref="ResourceCaches"/>. Needs an <c>IJournalStore</c> and an <c>IGrainFactory</c>.</summary>
    public static IServiceCollection AddResourceCaches(this IServiceCollection services)
    {
        services.AddSingleton<ResourceCaches>();
        return services;
    }
}
