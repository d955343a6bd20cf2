using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Interfaces.Audit;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>Wires auditing into a host.</summary>
public static partial class AuditHosting
{
    /// <summary>Has requests audited as a policy wants it.</summary>
    public static IServiceCollection AddAudit(this IServiceCollection services, AuditPolicy policy)
    {
        services.TryAddSingleton<AuditMetrics>();
        return services.AddSingleton(provider =>
        {
            if (policy.PassedOver is { } complaint)
            {
                LogPassedOver(provider.GetRequiredService<ILogger<AuditLog>>(), complaint);
            }

            return new AuditLog(
                policy, provider.GetServices<IAuditSink>(), provider.GetRequiredService<AuditMetrics>(),
                provider.GetRequiredService<TimeProvider>());
        });
    }

    /// <summary>Has the events written to a file.</summary>
    public static IServiceCollection AddAuditFile(this IServiceCollection services, AuditFileOptions options) =>
        services.AddAuditSink(provider => new AuditFile(
            options, provider.GetRequiredService<AuditMetrics>(), provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<AuditFile>>()));

    /// <summary>Has the events of complete requests kept where SQL can ask about them.</summary>
    public static IServiceCollection AddAuditTable(this IServiceCollection services) =>
        services.AddHostedService<AuditTableMaintenance>().AddAuditSink(static provider => new AuditTable(
            provider.GetRequiredService<IAuditStore>(), provider.GetRequiredService<AuditMetrics>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<AuditTable>>()));

    /// <summary>Has the events sent to a server.</summary>
    public static IServiceCollection AddAuditWebhook(this IServiceCollection services, AuditWebhookOptions options) =>
        services.AddAuditSink(provider => new AuditWebhook(
            options, provider.GetRequiredService<RemoteCaller>(), provider.GetRequiredService<AuditMetrics>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<AuditWebhook>>()));

    private static IServiceCollection AddAuditSink<T>(this IServiceCollection services, Func<IServiceProvider, T> make)
        where T : class, IAuditSink, IHostedService
    {
        services.AddSingleton(make);
        services.AddSingleton<IAuditSink>(static provider => provider.GetRequiredService<T>());
        return services.AddHostedService(static provider => provider.GetRequiredService<T>());
    }

    [LoggerMessage(
        1, LogLevel.Warning, "Audit policy contains errors, falling back to lenient decoding: {Complaint}")]
    private static partial void LogPassedOver(ILogger logger, string complaint);
}
