using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Aggregation;
using OrleansOrchestrator.Api.Audit;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.CustomResources;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.FlowControl;
using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Metrics;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Api.Serving;
using OrleansOrchestrator.Resources.Core.Services;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api;

/// <summary>Wires the API into a host.</summary>
public static class ApiHost
{
    /// <summary>
    /// Registers the API. The host supplies a <c>ResourceTable</c>, an <c>IGrainFactory</c>, an
    /// <see cref="IAuthenticator"/> when it serves HTTP, and (before or after this call) each <see
    /// cref="IAuthorizer"/>;
    /// without one only <c>system:masters</c> gets in.
    /// </summary>
    public static IServiceCollection AddOrchestratorApi(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ResourceCatalog>();
        services.TryAddSingleton<WebhookConversions>();
        services.TryAddSingleton<CustomKindSource>();
        services.AddHostedService(static provider => provider.GetRequiredService<CustomKindSource>());
        services.Insert(0, ServiceDescriptor.Singleton<IAuthorizer, MastersAuthorizer>());
        services.TryAddSingleton<AuthorizerChain>();
        services.TryAddSingleton<ImpersonationMetrics>();
        services.TryAddSingleton<Impersonation>();
        services.TryAddSingleton<AccessMetrics>();
        services.TryAddSingleton<RequestAccess>();
        services.TryAddSingleton(ServiceAddressRange.Default);
        services.AddSingleton<IAdmissionPlugin, ServiceAddressPlugin>();
        services.TryAddSingleton<FailureMapper>();
        services.TryAddSingleton<RequestLimits>();
        services.Configure<KestrelServerOptions>(
            static kestrel => kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.UTF8);
        services.AddFlowControl();
        services.TryAddSingleton<RequestGate>();
        services.TryAddSingleton<ApiRouter>();
        services.AddWritePipeline();
        services.AddReadProtocol();
        services.AddApiAggregation();
        services.TryAddSingleton<DrainOptions>();
        services.AddSingleton<ServerDrain>();
        services.AddHostedService(static provider => provider.GetRequiredService<ServerDrain>());
        return services;
    }

    /// <summary>Makes the API the terminal handler.</summary>
    public static IApplicationBuilder MapOrchestratorApi(this IApplicationBuilder app)
    {
        var router = app.ApplicationServices.GetRequiredService<ApiRouter>();
        var failures = app.ApplicationServices.GetRequiredService<FailureMapper>();
        app.UseSocketsOverHttp2();
        app.UseWebSockets();
        app.UseRequestMetrics();
        Task Answer(HttpContext context) => failures.GuardAsync(context, router.HandleAsync);
        app.Run(app.ApplicationServices.GetService<AuditLog>() is null
            ? Answer
            : context => AuditLog.WatchAsync(context, Answer));
        return app;
    }
}
