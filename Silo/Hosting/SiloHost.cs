using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging.Console;
using Orleans.Configuration;
using OrleansOrchestrator.Api;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Api.Kubelet;
using OrleansOrchestrator.Grains.Core.Bootstrap;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Interfaces.Hollow;
using OrleansOrchestrator.Resources;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>Puts a silo together: Orleans with the grains, and the API in front. Wiring only.</summary>
public static class SiloHost
{
    private const string ClusterName = "orc";

    // One client-go client holds all its watches on one HTTP/2 connection.
    private const int MaxStreamsPerConnection = 1000;

    /// <summary>How long requests in progress and grains may take to end.</summary>
    private static readonly TimeSpan ShutdownPatience = TimeSpan.FromSeconds(30);

    /// <summary>A host that is ready to start.</summary>
    public static WebApplication Build(SiloOptions options)
    {
        // Options come from the command line alone: no settings file of the directory that a silo happens to start in
        // is read, or watched.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            ApplicationName = "orc", ContentRootPath = AppContext.BaseDirectory,
            Args = ["--hostBuilder:reloadConfigOnChange=false"],
        });
        builder.Configuration.Sources.Clear();
        ConfigureLogging(builder.Logging);
        ConfigureSilo(builder, options);
        ConfigureServices(builder.Services, options);
        ConfigureServer(builder.WebHost, options);

        var app = builder.Build();
        app.UseWebSockets();
        app.UseOrchestratorAuthentication();
        app.MapOrchestratorApi();
        return app;
    }

    private static void ConfigureLogging(ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff ";
            console.UseUtcTimestamp = true;
            console.ColorBehavior = LoggerColorBehavior.Disabled;
        });
        logging.SetMinimumLevel(LogLevel.Information);
        logging.AddFilter("Orleans", LogLevel.Warning);
        logging.AddFilter("OrleansOrchestrator", LogLevel.Information);
        logging.AddFilter("Microsoft", LogLevel.Warning);

        // Orleans logs what it could not repeat; each attempt fills pages while a silo is being found dead.
        logging.AddFilter("Polly", LogLevel.None);
        LeaveOutWhatAnOutageExplains(logging.Services);
    }

    private static void LeaveOutWhatAnOutageExplains(IServiceCollection services)
    {
        services.Remove(services.Single(static s => s.ServiceType == typeof(ILoggerProvider)));
        services.AddSingleton<ConsoleLoggerProvider>();
        services.AddSingleton<ILoggerProvider>(static provider => new OutageFilter(
            provider.GetRequiredService<ConsoleLoggerProvider>(), provider.GetRequiredService<StoreOutage>()));
    }

    private static void ConfigureSilo(WebApplicationBuilder builder, SiloOptions options) => builder.UseOrleans(silo =>
    {
        silo.Configure<ClusterOptions>(cluster =>
        {
            cluster.ClusterId = ClusterName;
            cluster.ServiceId = ClusterName;
        });
        if (options.ConnectionString is null)
        {
            silo.UseLocalhostClustering(
                options.SiloPort, gatewayPort: 0, serviceId: ClusterName, clusterId: ClusterName);
        }
        else
        {
            silo.ConfigureEndpoints(
                options.SiloAddress, options.SiloPort, gatewayPort: 0, listenOnAnyHostAddress: false);
        }

        silo.AddOrchestratorGrains(store => store.ConnectionString = options.ConnectionString);
    });

    private static void ConfigureServices(IServiceCollection services, SiloOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(BuiltInResources.Table);
        services.AddResourceCaches();
        services.AddOrchestratorAuth(new AuthOptions
        {
            StaticTokens = options.TokenFile is { } file
                ? StaticTokenFile.Read(file)
                : new Dictionary<string, Interfaces.Kernel.UserIdentity>(),
        });
        services.AddSingleton(new DrainOptions { Delay = options.ShutdownDelay });
        services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownDelay + ShutdownPatience);
        services.AddOrchestratorApi();
        services.AddOrchestratorKubeletAccess();
        services.AddClusterBootstrap(bootstrap =>
        {
            // Loopback is no valid endpoint, and would lead pods to themselves: the machine's own address then.
            bootstrap.ApiAddresses =
                IPAddress.IsLoopback(options.AdvertiseAddress) ? [] : [options.AdvertiseAddress.ToString()];
            bootstrap.ApiPort = options.Port;
        });
        services.AddOrchestratorControllers(controllers => controllers.Enabled = options.Controllers);
        services.AddOrchestratorScheduling(
            scheduler => scheduler.Enabled = options.Controllers, new HollowNodeSettings { Count = options.HollowNodes });
        services.AddSingleton<IMemoryPoolFactory<byte>, ConnectionBuffers>();
        services.AddSingleton<ServingCertificate>();
        services.AddHostedService(provider => provider.GetRequiredService<ServingCertificate>());
        services.AddSingleton<CredentialWriter>();
    }

    private static void ConfigureServer(ConfigureWebHostBuilder web, SiloOptions options)
    {
        web.UseKestrelHttpsConfiguration();
        web.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.AllowSynchronousIO = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.Http2.MaxStreamsPerConnection = MaxStreamsPerConnection;
            kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
            kestrel.Listen(new IPEndPoint(options.BindAddress, options.Port), ConfigureTls);
        });
    }

    private static void ConfigureTls(ListenOptions listen)
    {
        var certificate = listen.ApplicationServices.GetRequiredService<ServingCertificate>();
        listen.Protocols = HttpProtocols.Http1AndHttp2;
        listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = _ => ValueTask.FromResult(certificate.Handshake),
        }).UseTlsGoodbye();
    }
}
