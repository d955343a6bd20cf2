using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.Logs.Shipping;

namespace OrleansOrchestrator.Api.Logs;

/// <summary>Wires central logs into a host.</summary>
public static class LogHosting
{
    /// <summary>
    /// Registers everything in this folder.
    /// </summary>
    /// <param name="services">The host's.</param>
    /// <param name="absence">What requests are told where there is no <see cref="ILogStore"/>.</param>
    public static IServiceCollection AddCentralLogs(
        this IServiceCollection services, string absence = "this server keeps no logs")
    {
        services.AddSingleton<IEndpointHandler>(provider =>
        {
            var time = provider.GetRequiredService<TimeProvider>();
            return new LogHandler(
                provider.GetService<ILogStore>() is { } store
                    ? Make(store, provider.GetRequiredService<ObjectReader>(), time)
                    : null,
                absence,
                new LogRights(provider.GetRequiredService<AuthorizerChain>()),
                provider.GetService<ServerDrain>(),
                time);
        });
        return services;
    }

    /// <summary>
    /// Keeps this silo's own log in the store, too. Who registers it gives <see cref="OwnLines"/> what is logged.
    /// </summary>
    /// <param name="services">The host's.</param>
    /// <param name="silo">The same name for all starts of the silo.</param>
    public static IServiceCollection AddOwnLogs(this IServiceCollection services, string silo)
    {
        services.AddSingleton<OwnLines>();
        services.AddHostedService(provider =>
        {
            var store = provider.GetRequiredService<ILogStore>();
            var streams = new LogStreams(store, provider.GetRequiredService<ObjectReader>());
            var intake = new LogIntake(store, streams, provider.GetRequiredService<TimeProvider>());
            return ActivatorUtilities.CreateInstance<OwnLineShipper>(
                provider, new SiloLogSink(streams, intake), OwnStreams.OfSilo(silo));
        });
        return services;
    }

    private static LogServices Make(ILogStore store, ObjectReader reader, TimeProvider time)
    {
        var streams = new LogStreams(store, reader);
        var search = new LogSearch(store, new LogSearchOptions(), time);
        return new LogServices(streams, new LogIntake(store, streams, time), search, new LogFollower(store, search));
    }
}
