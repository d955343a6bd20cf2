using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;
using OrleansOrchestrator.Api;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;

namespace OrleansOrchestrator.Golden;

/// <summary>
/// The API alone, over real HTTP on loopback: one silo in this process with a store in memory, no controllers, and a
/// static token for
/// <c>admin</c>.
/// </summary>
public sealed class GoldenHost : IAsyncDisposable
{
    public const string Token = "golden-token";

    private static readonly string[] SystemNamespaces = ["default", "kube-node-lease", "kube-public", "kube-system"];

    private readonly TestSilos _silos;
    private readonly WebApplication _app;

    private GoldenHost(TestSilos silos, WebApplication app, Uri address)
    {
        _silos = silos;
        _app = app;
        Address = address;
    }

    public Uri Address { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<GoldenHost> StartAsync(int port = 0, LogLevel minimumLevel = LogLevel.Warning)
    {
        IServiceProvider? api = null;
        var silos = await TestSilos.StartAsync(silo =>
        {
            silo.AddMemoryGrainStorage("cluster");
            silo.Services.AddSingleton(_ => api!.GetRequiredService<IResourceClient>());
        });
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.Logging.SetMinimumLevel(minimumLevel);
        builder.Services.AddSingleton(silos.Grains);
        builder.Services.AddSingleton(silos.Caches);
        builder.Services.AddSingleton(silos.Store);

        // Without the kinds' own grains, whose reconciling is not what recordings are about.
        builder.Services.AddSingleton(new ResourceTable(BuiltInResources.Table.All.Select(d => d with { GrainType = "object" })));
        builder.Services.AddOrchestratorApi();
        var app = builder.Build();
        api = app.Services;
        app.Use(AuthenticateAsync);
        app.MapOrchestratorApi();
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        await CreateNamespacesAsync(app.Services.GetRequiredService<IResourceClient>());
        return new GoldenHost(silos, app, new Uri(address));
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _silos.DisposeAsync();
    }

    private static Task AuthenticateAsync(Microsoft.AspNetCore.Http.HttpContext context, Func<Task> next)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (header == $"Bearer {Token}")
        {
            context.Features.Set(new UserIdentity
            {
                Name = "admin", Uid = "admin", Groups = ["system:masters", "system:authenticated"],
            });
        }

        return header.Length == 0 || header == $"Bearer {Token}"
            ? next()
            : Api.Errors.StatusJson.WriteAsync(context, StatusErrors.Unauthorized());
    }

    private static async Task CreateNamespacesAsync(IResourceClient client)
    {
        foreach (var name in SystemNamespaces)
        {
            var json = System.Text.Encoding.UTF8.GetBytes($"{{\"metadata\":{{\"name\":\"{name}\"}}}}");
            var outcome = await client.CreateAsync(
                new CreateRequest { Resource = WellKnown.Namespaces, Json = json }, CancellationToken.None);
            _ = outcome.Required;
        }
    }
}
