using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrleansOrchestrator.Api.Audit;
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
                    ? Make(
                        store, provider.GetRequiredService<ObjectReader>(),
                        provider.GetService<LogSearchOptions>() ?? new LogSearchOptions(), time)
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
        return services.AddShipper(static s => s.GetRequiredService<OwnLines>(), OwnStreams.OfSilo(silo));
    }

    /// <summary>Keeps what this silo audits in the store, too; needs auditing.</summary>
    /// <param name="services">The host's.</param>
    /// <param name="silo">The same name for all starts of the silo.</param>
    public static IServiceCollection AddOwnAudit(this IServiceCollection services, string silo)
    {
        var stream = OwnStreams.OfAudit(silo);
        services.AddKeyedSingleton(
            stream, static (provider, _) => ActivatorUtilities.CreateInstance<OwnLines>(provider));
        services.AddSingleton<IAuditSink>(
            provider => new AuditLines(provider.GetRequiredKeyedService<OwnLines>(stream)));
        return services.AddShipper(s => s.GetRequiredKeyedService<OwnLines>(stream), stream);
    }

    // As a service of the host's: two shippers are two, though they are of one type.
    private static IServiceCollection AddShipper(
        this IServiceCollection services, Func<IServiceProvider, OwnLines> lines, StreamName stream) =>
        services.AddSingleton<IHostedService>(provider =>
        {
            var store = provider.GetRequiredService<ILogStore>();
            var streams = new LogStreams(store, provider.GetRequiredService<ObjectReader>());
            var intake = new LogIntake(store, streams, provider.GetRequiredService<TimeProvider>());
            return ActivatorUtilities.CreateInstance<OwnLineShipper>(
                provider, lines(provider), new SiloLogSink(streams, intake), stream);
        });

    private static LogServices Make(ILogStore store, ObjectReader reader, LogSearchOptions options, TimeProvider time)
    {
        var streams = new LogStreams(store, reader);
        var search = new LogSearch(store, options, time);
        return new LogServices(streams, new LogIntake(store, streams, time), search, new LogFollower(store, search));
    }
}
