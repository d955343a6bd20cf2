using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace OrleansOrchestrator.Api.Configuration;

/// <summary>Wires files that are followed into a host.</summary>
public static class ConfigurationHosting
{
    /// <summary>Has a file followed for as long as the host runs.</summary>
    public static IServiceCollection FollowFile(
        this IServiceCollection services, Func<IServiceProvider, FollowedFile> file)
    {
        services.TryAddSingleton<ReloadMetrics>();
        return services.AddSingleton<IHostedService>(provider => new FileFollower(
            file(provider), provider.GetRequiredService<ReloadMetrics>(), provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<FileFollower>>()));
    }
}
