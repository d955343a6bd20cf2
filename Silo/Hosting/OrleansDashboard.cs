using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Orleans.Dashboard;
using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// Orleans' own dashboard of grains and silos, for operators. It is behind the API's router: who may not <c>get</c> the
/// path is refused as on any other path outside of resources, and only administrators may unless somebody lets others.
/// </summary>
internal sealed class OrleansDashboard : IEndpointHandler
{
    /// <summary>Where it is, on the API's port.</summary>
    public const string Path = "/orleans";

    private readonly RequestDelegate _pages;

    /// <param name="services">The host's, with the dashboard's among them.</param>
    public OrleansDashboard(IServiceProvider services)
    {
        var app = new ApplicationBuilder(services);
        app.UseRouting();
        app.UseEndpoints(static endpoints => endpoints.MapOrleansDashboard(Path));
        _pages = app.Build();
    }

    /// <summary>Counts every call of a grain from then on, which costs something: only where it is asked for.</summary>
    public static void AddTo(ISiloBuilder silo)
    {
        // The log has a store, and rights, of its own.
        silo.AddDashboard(static dashboard => dashboard.HideTrace = true);
        silo.Services.AddSingleton<IEndpointHandler, OrleansDashboard>();
    }

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request)
    {
        if (request.IsResourceRequest || !context.Request.Path.StartsWithSegments(Path, StringComparison.Ordinal))
        {
            return false;
        }

        await _pages(context);
        return true;
    }
}
