using System.Net;
using System.Text.RegularExpressions;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Diagnostics;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.RemoteWrite;
using OrleansOrchestrator.Api.Telemetry;
using OrleansOrchestrator.Grains.Cloud.BareMetal;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Logs.Export;
using OrleansOrchestrator.Resources.Core.Services;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>Everything that one silo is told at start.</summary>
public sealed record SiloOptions
{
    public const int DefaultSiloPort = 11111;

    /// <summary>The environment variable that names PostgreSQL where no option does.</summary>
    public const string ConnectionVariable = "ORC_CONNECTION";

    /// <summary>PostgreSQL, in Npgsql's form; null keeps the cluster in memory and loses it at exit.</summary>
    public string? ConnectionString { get; init; }

    /// <summary>What it was told, as <c>/flagz</c> tells it.</summary>
    public ServerFlags Flags { get; init; } = ServerFlags.None;

    /// <summary>How many connections to PostgreSQL this silo may hold.</summary>
    public StoreConnections StoreConnections { get; init; } = StoreConnections.Default;

    /// <summary>Addresses and node ports of Services.</summary>
    public ServiceAddressRange Services { get; init; } = ServiceAddressRange.Default;

    /// <summary>Networks of all pods; null for the usual one.</summary>
    public IReadOnlyList<PodNetwork>? PodNetworks { get; init; }

    /// <summary>
    /// Addresses of load balancers; without any, Services of that type wait for somebody's controller.
    /// </summary>
    public IReadOnlyList<AddressPool> LoadBalancerPools { get; init; } = [];

    /// <summary>Where the provider of the cluster's cloud is.</summary>
    public CloudSettings Cloud { get; init; } = new();

    /// <summary>Where the API listens.</summary>
    public IPAddress BindAddress { get; init; } = IPAddress.Any;

    /// <summary>Where the API listens; 0 takes a free port.</summary>
    public int Port { get; init; } = 6443;

    /// <summary>
    /// The address at which pods and nodes reach this API; endpoint of the <c>kubernetes</c> Service.
    /// </summary>
    public IPAddress AdvertiseAddress { get; init; } = IPAddress.Loopback;

    /// <summary>Where other silos reach this one.</summary>
    public IPAddress SiloAddress { get; init; } = IPAddress.Loopback;

    /// <summary>Where other silos reach this one; 0 takes a free port.</summary>
    public int SiloPort { get; init; } = DefaultSiloPort;

    /// <summary>
    /// How long a silo that is told to stop still serves, so that load balancers see its readiness fail.
    /// </summary>
    public TimeSpan ShutdownDelay { get; init; }

    /// <summary>False runs the API alone: no controllers, no scheduler.</summary>
    public bool Controllers { get; init; } = true;

    /// <summary>Number of simulated nodes.</summary>
    public int HollowNodes { get; init; }

    /// <summary>True for a cluster that begins with the default StorageClass <c>local-path</c>.</summary>
    public bool LocalStorage { get; init; }

    /// <summary>What browsers are told of TLS here (<c>Strict-Transport-Security</c>); empty for nothing.</summary>
    public string TransportSecurity { get; init; } = "";

    /// <summary>Whose pages may read what the API answers; empty for those of the API alone.</summary>
    public IReadOnlyList<Regex> CrossOrigins { get; init; } = [];

    /// <summary>How TLS is spoken.</summary>
    public TlsSettings Tls { get; init; } = new();

    /// <summary>The part of requests with which a connection of HTTP/2 is told to end.</summary>
    public double GoawayChance { get; init; }

    /// <summary>How many requests one connection of HTTP/2 may have at a time: all watches of a client-go are on
    /// one.</summary>
    public int MaxStreamsPerConnection { get; init; } = 1000;

    /// <summary>How much the API does at once, and for how long.</summary>
    public RequestLimits Limits { get; init; } = new();

    /// <summary>CSV of static tokens: token, user, uid, "group,group"; upstream's <c>--token-auth-file</c>.</summary>
    public string? TokenFile { get; init; }

    /// <summary>Who else may sign in.</summary>
    public SignInSettings SignIn { get; init; } = new();

    /// <summary>Proxies in front, and the certificate shown to servers behind.</summary>
    public FrontProxySettings FrontProxies { get; init; } = new();

    /// <summary>Who decides what is allowed.</summary>
    public AccessSettings Access { get; init; } = new();

    /// <summary>Tokens of service accounts.</summary>
    public ServiceAccountSettings ServiceAccounts { get; init; } = new();

    /// <summary>An AdmissionConfiguration; null takes upstream's defaults.</summary>
    public string? AdmissionFile { get; init; }

    /// <summary>For how long pods stay on nodes that are not well.</summary>
    public DefaultTolerations Tolerations { get; init; } = new();

    /// <summary>How long Events stay after their last write; zero for ever.</summary>
    public TimeSpan EventLife { get; init; } = new ControllersOptions().EventLife;

    /// <summary>A KubeSchedulerConfiguration; null takes upstream's defaults.</summary>
    public string? SchedulerFile { get; init; }

    /// <summary>An EncryptionConfiguration; null encrypts nothing.</summary>
    public string? EncryptionFile { get; init; }

    /// <summary>Whether that is read again when it changes.</summary>
    public bool ReloadsEncryption { get; init; }

    /// <summary>Where traces and metrics are sent; null sends nothing.</summary>
    public TelemetryOptions? Telemetry { get; init; }

    /// <summary>What is audited, and where it goes; null audits nothing.</summary>
    public AuditSettings? Audit { get; init; }

    /// <summary>What is kept and shown for people who look at the cluster.</summary>
    public AddOnSettings AddOns { get; init; } = new();

    /// <summary>Where samples are pushed; null pushes none.</summary>
    public RemoteWriteOptions? RemoteWrite { get; init; }

    /// <summary>Where logs are sent beside their store; null sends them nowhere.</summary>
    public LogExportOptions? LogExport { get; init; }

    /// <summary>Where to write the admin kubeconfig once the API answers; null writes none.</summary>
    public string? AdminKubeconfig { get; init; }

    /// <summary>Where to write the credentials of this machine's node; null writes none.</summary>
    public string? NodeCredentials { get; init; }

    public string NodeName { get; init; } = "";

    public IPAddress NodeAddress { get; init; } = IPAddress.Loopback;
}
