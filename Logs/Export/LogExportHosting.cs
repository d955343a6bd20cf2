using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Logs.Search;

namespace OrleansOrchestrator.Logs.Export;

/// <summary>Wires the export of logs into a host that has a store of logs.</summary>
public static class LogExportHosting
{
    /// <summary>Has what is stored from now on sent to the endpoint, too.</summary>
    public static IServiceCollection AddLogExport(this IServiceCollection services, LogExportOptions options)
    {
        var plain = services.Last(static s => s.ServiceType == typeof(ILogStore));
        services.Remove(plain);
        services.AddSingleton(new LogExportQueue(options));
        services.AddSingleton<ILogStore>(provider => new ExportingLogStore(
            (ILogStore)plain.ImplementationFactory!(provider), provider.GetRequiredService<LogExportQueue>()));
        services.AddSingleton<IHostedService>(provider => new LogExporter(
            options, provider.GetRequiredService<LogExportQueue>(), provider.GetRequiredService<ILogStore>(),
            new HttpClient { Timeout = Timeout.InfiniteTimeSpan }, provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<LogExporter>>()));
        return services;
    }
}
