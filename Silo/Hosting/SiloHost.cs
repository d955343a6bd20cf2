using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging.Console;
using Orleans.Configuration;
using Orleans.Runtime;
using OrleansOrchestrator.Api;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Aggregation;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Auth.Jwt;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Api.Serving;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Api.Figures;
using OrleansOrchestrator.Api.History;
using OrleansOrchestrator.Api.Kubelet;
using OrleansOrchestrator.Api.Logs;
using OrleansOrchestrator.Dashboard;
using OrleansOrchestrator.Api.RemoteWrite;
using OrleansOrchestrator.Api.Telemetry;
using OrleansOrchestrator.Api.Usage;
using OrleansOrchestrator.Grains;
using OrleansOrchestrator.Grains.Cloud;
using OrleansOrchestrator.Grains.Core.Bootstrap;
using OrleansOrchestrator.Grains.Encryption;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Metrics;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Interfaces.Hollow;
using OrleansOrchestrator.Logs.Export;
using OrleansOrchestrator.Logs.Shipping;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Core.Services;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>Puts a silo together: Orleans with the grains, and the API in front. Wiring only.</summary>
public static class SiloHost
{
    private const string ClusterName = "orc";

    /// <summary>Upstream's bound on a request's line and headers.</summary>
    private const int MaxHeaderBytes = 1024 * 1024;

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
        AddOnChecks.Require(options);
        var configuration = SiloConfiguration.Read(options);
        ConfigureSilo(builder, options, configuration.Encryption);
        ConfigureServices(builder.Services, options, configuration);
        ConfigureServer(builder.WebHost, options);

        var app = builder.Build();
        app.UseAnswerHeaders(options.TransportSecurity);
        app.UseGoaway(options.GoawayChance);
        app.UseCrossOrigin(options.CrossOrigins);
        if (options.AddOns.Dashboard)
        {
            app.UseDashboard(new DashboardSignIn(
                app.Services.GetRequiredService<JwtIssuers>(), options.SignIn.DashboardScopes));
        }
        else
        {
            app.RefuseDashboard("the dashboard is switched off at this server (--dashboard=false)");
        }

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

        // Has nothing to say at that level, but makes an activity and a scope for each request to say it in.
        logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);

        // What YARP says of each request has its whole URL: of exec, the command with all its arguments.
        logging.AddFilter("Yarp", LogLevel.Warning);

        // Advises the server's collector, which costs 60 MB more for no less CPU, at each start; and measures a pause
        // since the machine's start before its first tick.
        logging.AddFilter("Orleans.Runtime.Silo", LogLevel.Error);
        logging.AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);

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

    private static void ConfigureSilo(
        WebApplicationBuilder builder, SiloOptions options,
        EncryptionConfiguration? encryption) => builder.UseOrleans(silo =>
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
            NoSiloListener.Use(silo.Services);
        }
        else
        {
            silo.ConfigureEndpoints(
                options.SiloAddress, options.SiloPort, gatewayPort: 0, listenOnAnyHostAddress: false);
            silo.Services.AddSingleton<IFatalErrorHandler, SiloEnd>();
        }

        if (options.AddOns.OrleansDashboard)
        {
            OrleansDashboard.AddTo(silo);
        }

        silo.AddOrchestratorGrains(store =>
        {
            (store.ConnectionString, store.Connections) = (options.ConnectionString, options.StoreConnections);
            store.Encryption = encryption;
            store.TokenKeys = options.ServiceAccounts.Keys;
            store.Logs = options.AddOns.Logs ? options.AddOns.LogRetention : null;
        });
    });

    private static void ConfigureServices(
        IServiceCollection services, SiloOptions options, SiloConfiguration configuration)
    {
        services.AddSingleton(options);
        services.AddSingleton(options.Services);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(BuiltInResources.Table);
        services.AddResourceCaches();
        AddSignIn(services, options, configuration);
        services.AddTokenRequests();
        services.AddSingleton(new DrainOptions { Delay = options.ShutdownDelay });
        services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownDelay + ShutdownPatience);
        services.AddSingleton(options.Limits);
        services.AddSingleton(options.Tolerations);
        services.AddSingleton(options.Flags);
        AddAdmissionSettings(services, configuration);
        services.AddEncryption(options, configuration);
        if (configuration.AuditPolicy is { } policy)
        {
            options.Audit!.AddTo(services, policy);
        }

        if (options.Telemetry is { } telemetry)
        {
            services.AddTelemetryExport(telemetry);
        }

        services.AddOrchestratorApi();
        services.AddOrchestratorKubeletAccess();
        services.AddResourceMetrics(options.AddOns.Metrics);
        services.AddPodFigures();
        if (options.RemoteWrite is { } remoteWrite)
        {
            services.AddRemoteWrite(remoteWrite);
        }

        AddLogs(services, options);
        services.AddObjectHistory();
        services.AddUsageHistory(options.AddOns.UsageRetention);
        AddControllers(services, options, configuration);
        AddScheduling(services, options, configuration);
        AddNamedCertificates(services, configuration.NamedCertificates);
        services.AddSingleton<IMemoryPoolFactory<byte>, ConnectionBuffers>();
        services.AddSingleton<ServingCertificate>();
        services.AddHostedService(provider => provider.GetRequiredService<ServingCertificate>());
        services.AddSingleton<CredentialWriter>();
    }

    private static void AddSignIn(IServiceCollection services, SiloOptions options, SiloConfiguration configuration)
    {
        services.AddOrchestratorAuth(configuration.Auth);
        if (configuration.SignInFile is { } signIn)
        {
            services.FollowAuthenticationFile(options.SignIn.ConfigurationFile!, signIn);
        }

        if (configuration.Auth.RequestHeaders is not null)
        {
            services.FollowRequestHeaderFile(
                options.FrontProxies.AuthorityFile!, configuration.RequestHeaderFile);
        }

        if (configuration.Auth.ProxyClient is { } client)
        {
            services.FollowProxyClientFiles(client);
        }

        if (configuration.AccessFile is { } access)
        {
            services.FollowAuthorizationFile(
                options.Access.ConfigurationFile!, access, configuration.Auth.Authorization);
        }
    }

    private static void AddNamedCertificates(IServiceCollection services, NamedCertificates certificates)
    {
        services.AddSingleton(certificates);
        foreach (var file in certificates.Followed)
        {
            services.FollowFile(_ => file);
        }
    }

    private static void AddAdmissionSettings(IServiceCollection services, SiloConfiguration configuration)
    {
        if (configuration.Admission is not { } settings)
        {
            return;
        }

        services.AddSingleton(settings.PodSecurity);
        services.AddSingleton(settings.QuotaLimits);
        services.AddSingleton(settings.HookUsers);
        if (settings.EventRateLimits is { } limits)
        {
            services.AddSingleton<IAdmissionPlugin>(
                p => new EventRateLimitPlugin(limits, p.GetRequiredService<TimeProvider>()));
        }
    }

    private static void AddLogs(IServiceCollection services, SiloOptions options)
    {
        services.AddCentralLogs(options.AddOns.Logs
            ? "logs are kept in PostgreSQL, and this server has none"
            : "logs are switched off at this server (--logs=false)");
        if (options is { ConnectionString: not null, AddOns.Logs: true })
        {
            if (options.LogExport is { } export)
            {
                services.AddLogExport(export);
            }

            var silo = $"{Environment.MachineName.ToLowerInvariant()}-{options.Port}";
            services.AddOwnLogs(silo);
            if (options.Audit is { CentralLogs: true })
            {
                services.AddOwnAudit(silo);
            }

            services.AddSingleton<ILoggerProvider>(static provider => new OutageFilter(
                new OwnLoggerProvider(provider.GetRequiredService<OwnLines>()),
                provider.GetRequiredService<StoreOutage>()));
        }
    }

    private static void AddControllers(
        IServiceCollection services, SiloOptions options, SiloConfiguration configuration)
    {
        services.AddClusterBootstrap(bootstrap =>
        {
            // Loopback is no valid endpoint, and would lead pods to themselves: the machine's own address then.
            bootstrap.ApiAddresses =
                IPAddress.IsLoopback(options.AdvertiseAddress) ? [] : [options.AdvertiseAddress.ToString()];
            bootstrap.ApiPort = options.Port;
            bootstrap.HasLocalStorage = options.LocalStorage;
        });
        services.AddOrchestratorControllers(controllers =>
        {
            controllers.Enabled = options.Controllers;
            controllers.EventLife = options.EventLife;
            controllers.PodNetworks = options.PodNetworks ?? controllers.PodNetworks;
        });
        if (options.LoadBalancerPools.Count > 0)
        {
            services.AddBareMetal(options.LoadBalancerPools);
        }
        else if (configuration.Cloud is { } cloud)
        {
            services.AddRemoteCloud(cloud);
        }
    }

    private static void AddScheduling(
        IServiceCollection services, SiloOptions options, SiloConfiguration configuration) =>
        services.AddOrchestratorScheduling(
            scheduler =>
            {
                scheduler.Enabled = options.Controllers;
                if (configuration.Scheduler is { } settings)
                {
                    (scheduler.Profiles, scheduler.PercentageOfNodesToScore) =
                        (settings.Profiles, settings.PercentageOfNodesToScore);
                    (scheduler.Extenders, scheduler.Backoff) = (settings.Extenders, settings.Backoff);
                }
            },
            new HollowNodeSettings { Count = options.HollowNodes });

    private static void ConfigureServer(ConfigureWebHostBuilder web, SiloOptions options)
    {
        web.UseKestrelHttpsConfiguration();
        web.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.AllowSynchronousIO = false;
            // Bodies are bounded where they are read, and by the request's deadline; proxied ones by neither.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(32);
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(90);
            kestrel.Limits.MaxRequestLineSize = MaxHeaderBytes;
            kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
            kestrel.Limits.Http2.MaxRequestHeaderFieldSize = MaxHeaderBytes;
            kestrel.Limits.Http2.MaxStreamsPerConnection = options.MaxStreamsPerConnection;
            kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
            kestrel.Listen(new IPEndPoint(Bound(options), options.Port), ConfigureTls);
        });
    }

    /// <summary>All addresses are those of both families where the cluster has IPv6, as upstream's API has
    /// it.</summary>
    private static IPAddress Bound(SiloOptions options) =>
        options.BindAddress.Equals(IPAddress.Any) && Ipv6.IsAvailable
            && options.Services.OfFamily(ServiceKinds.IPv6) is not null
            ? IPAddress.IPv6Any
            : options.BindAddress;

    private static void ConfigureTls(ListenOptions listen)
    {
        var usual = listen.ApplicationServices.GetRequiredService<ServingCertificate>();
        var named = listen.ApplicationServices.GetRequiredService<NamedCertificates>();
        listen.Protocols = HttpProtocols.Http1AndHttp2;
        listen.UseHttps(named.Handshakes(() => usual.Handshake)).UseTlsGoodbye();
    }
}
