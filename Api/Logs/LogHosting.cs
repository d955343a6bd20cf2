using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Logs.Search;

namespace OrleansOrchestrator.Api.Logs;

/// <summary>Wires central logs into a host.</summary>
public static class LogHosting
{
    /// <summary>
    /// Registers everything in this folder. Where there is no <see cref="ILogStore"/>, requests are told so.
    /// </summary>
    public static IServiceCollection AddCentralLogs(this IServiceCollection services)
    {
        services.AddSingleton<IEndpointHandler>(static provider =>
        {
            var time = provider.GetRequiredService<TimeProvider>();
            return new LogHandler(
                provider.GetService<ILogStore>() is { } store
                    ? Make(store, provider.GetRequiredService<ObjectReader>(), time)
                    : null,
                time);
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
