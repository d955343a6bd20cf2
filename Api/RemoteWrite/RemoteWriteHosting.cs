using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Interfaces.Metrics;

namespace OrleansOrchestrator.Api.RemoteWrite;

/// <summary>Wires the pushing of samples into a host.</summary>
public static class RemoteWriteHosting
{
    /// <summary>Has what nodes tell pushed, by the silo that asks them.</summary>
    public static IServiceCollection AddRemoteWrite(this IServiceCollection services, RemoteWriteOptions options)
    {
        services.AddSingleton(provider => new SamplePusher(
            options, Client(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<SamplePusher>>()));
        services.AddSingleton<IUsagePush>(static provider => provider.GetRequiredService<SamplePusher>());
        return services.AddHostedService(static provider => provider.GetRequiredService<SamplePusher>());
    }

    /// <summary>A redirected POST could become a GET, whose answer says nothing of samples.</summary>
    private static HttpClient Client() => new(new SocketsHttpHandler
    {
        PooledConnectionLifetime = TimeSpan.FromMinutes(5), AllowAutoRedirect = false,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };
}
