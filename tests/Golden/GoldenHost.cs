using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;
using OrleansOrchestrator.Api;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kubelet;
using OrleansOrchestrator.Api.Serving;
using OrleansOrchestrator.Grains.FlowControl;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.FlowControl;
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

    private static readonly string[] NotRecorded = ["NodeRestriction"];
    private static readonly string[] SystemNamespaces = ["default", "kube-node-lease", "kube-public", "kube-system"];

    private readonly TestSilos _silos;
    private readonly WebApplication _app;
    private readonly Task _definitions;

    /// <summary>What upstream's API server does of its own.</summary>
    private readonly Task _flowControl;
    private readonly CancellationTokenSource _stop = new();

    private GoldenHost(TestSilos silos, WebApplication app, Uri address)
    {
        _definitions = new DefinitionKeeper(
            app.Services.GetRequiredService<IResourceClient>(), app.Services.GetRequiredService<ResourceCatalog>(),
            TimeProvider.System).RunAsync(_stop.Token);
        _silos = silos;
        _app = app;
        Address = address;
        _flowControl = new FlowSchemaController(
            app.Services.GetRequiredService<IResourceClient>(), TimeProvider.System,
            app.Services.GetRequiredService<ILogger<FlowSchemaController>>()).RunAsync(_stop.Token);
    }

    public Uri Address { get; }

    public IServiceProvider Services => _app.Services;

    /// <param name="port">The port; 0 for any.</param>
    /// <param name="minimumLevel">What is logged.</param>
    /// <param name="disabledPlugins">Admission plugins to leave out; by default those that the recordings are
    /// without.</param>
    /// <param name="configure">Registers what a test has of its own.</param>
    /// <param name="configureSilo">The same for the silo.</param>
    /// <param name="auth">Says what is not as in the recordings.</param>
    public static async Task<GoldenHost> StartAsync(
        int port = 0, LogLevel minimumLevel = LogLevel.Warning, IReadOnlyCollection<string>? disabledPlugins = null,
        Action<IServiceCollection>? configure = null, Action<ISiloBuilder>? configureSilo = null,
        Func<AuthOptions, AuthOptions>? auth = null)
    {
        IServiceProvider? api = null;
        var silos = await TestSilos.StartAsync(silo =>
        {
            silo.AddMemoryGrainStorage("cluster");
            silo.Services.AddSingleton(_ => api!.GetRequiredService<IResourceClient>());
            configureSilo?.Invoke(silo);
        });
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.Logging.SetMinimumLevel(minimumLevel);
        builder.Services.AddSingleton(silos.Grains);
        builder.Services.AddSingleton(silos.Caches);
        builder.Services.AddSingleton(silos.Store);

        // Without the kinds' own grains, whose reconciling is not what recordings are about.
        builder.Services.AddSingleton(
            new ResourceTable(BuiltInResources.Table.Kinds.Select(
                static k => k with { GrainType = "object", Versions = [.. k.Versions.Select(static v => v with { })] })));
        builder.Services.AddSingleton(new AdmissionOptions { Disabled = disabledPlugins ?? NotRecorded });
        configure?.Invoke(builder.Services);
        var options = new AuthOptions { StaticTokens = Tokens };
        builder.Services.AddOrchestratorAuth(auth?.Invoke(options) ?? options);
        builder.Services.AddTokenRequests();
        builder.Services.AddOrchestratorApi();
        builder.Services.AddOrchestratorKubeletAccess();
        var app = builder.Build();
        api = app.Services;
        app.UseAnswerHeaders();
        app.MapOrchestratorApi();
        await app.Services.GetRequiredService<TrustStore>().LoadAsync(CancellationToken.None);
        await app.StartAsync();
        var address =
            app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        var client = app.Services.GetRequiredService<IResourceClient>();
        await CreateNamespacesAsync(client);
        await Task.WhenAll(
            BuiltInFlowControl.PriorityLevels.Select(level =>
                client.CreateAsync(level, CancellationToken.None).AsTask()));
        return new GoldenHost(silos, app, new Uri(address));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _flowControl.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _definitions.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
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
