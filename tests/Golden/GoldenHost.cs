using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;
using OrleansOrchestrator.Api;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Kubelet;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;

namespace OrleansOrchestrator.Golden;

/// <summary>
/// The API alone, over real HTTP on loopback: one silo in this process with a store in memory and no controllers, the
/// real authentication and authorization, and a static token for the recordings' <c>admin</c>.
/// </summary>
public sealed class GoldenHost : IAsyncDisposable
{
    public const string Token = "golden-token";

    private static readonly Dictionary<string, UserIdentity> Tokens = new(StringComparer.Ordinal)
    {
        [Token] =
            new UserIdentity { Name = "admin", Uid = "admin", Groups = ["system:masters", "system:authenticated"] },
    };

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
        builder.Services.AddSingleton(
            new ResourceTable(BuiltInResources.Table.All.Select(d => d with { GrainType = "object" })));
        builder.Services.AddOrchestratorAuth(new AuthOptions { StaticTokens = Tokens });
        builder.Services.AddOrchestratorApi();
        builder.Services.AddOrchestratorKubeletAccess();
        var app = builder.Build();
        api = app.Services;
        app.UseOrchestratorAuthentication();
        app.MapOrchestratorApi();
        await app.Services.GetRequiredService<TrustStore>().LoadAsync(CancellationToken.None);
        await app.StartAsync();
        var address =
            app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        await CreateNamespacesAsync(app.Services.GetRequiredService<IResourceClient>());
        return new GoldenHost(silos, app, new Uri(address));
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _silos.DisposeAsync();
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
