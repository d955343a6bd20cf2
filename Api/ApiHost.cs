using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Api.Metrics;
using OrleansOrchestrator.Api.Pipeline;
using OrleansOrchestrator.Resources.Core.Services;

namespace OrleansOrchestrator.Api;

/// <summary>Wires the API into a host.</summary>
public static class ApiHost
{
    /// <summary>
    /// Registers the API. The host supplies a <c>ResourceTable</c>, an <c>IGrainFactory</c>, and (before or after this
    /// call) an
    /// <see cref="IAuthorizer"/>; without one only <c>system:masters</c> gets in.
    /// </summary>
    public static IServiceCollection AddOrchestratorApi(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IAuthorizer, MastersAuthorizer>();
        services.TryAddSingleton(ServiceAddressRange.Default);
        services.AddSingleton<IAdmissionPlugin, ServiceAddressPlugin>();
        services.TryAddSingleton<FailureMapper>();
        services.TryAddSingleton<ApiRouter>();
        services.AddWritePipeline();
        services.AddReadProtocol();
        services.TryAddSingleton<DrainOptions>();
        services.AddSingleton<ServerDrain>();
        services.AddHostedService(static provider => provider.GetRequiredService<ServerDrain>());
        return services;
    }

    /// <summary>Makes the API the terminal handler; authentication must come before it.</summary>
    public static IApplicationBuilder MapOrchestratorApi(this IApplicationBuilder app)
    {
        var router = app.ApplicationServices.GetRequiredService<ApiRouter>();
        var failures = app.ApplicationServices.GetRequiredService<FailureMapper>();
        app.UseRequestMetrics();
        app.Run(context => failures.GuardAsync(context, router.HandleAsync));
        return app;
    }
}
