using System.CommandLine;
using System.CommandLine.Parsing;
using OrleansOrchestrator.Logs.Export;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>
/// The options that set up the API (who signs in, who decides, what is admitted, audited, encrypted and sent), under
/// upstream's names, the scheduler, the cloud, and what people look at. <c>orc silo</c> has them, and <c>orc up</c>,
/// which keeps them for its silo.
/// </summary>
internal sealed class ApiOptions
{
    private readonly FileOption _tokens = CommonOptions.MaybeFile(
        "--token-auth-file", "Static bearer tokens: lines of token,user,uid,\"group1,group2\".");
    private readonly FileOption _admission = CommonOptions.MaybeFile(
        "--admission-control-config-file",
        "An AdmissionConfiguration: of PodSecurity, EventRateLimit, ResourceQuota, and as whom webhooks are asked.");
    private readonly FileOption _scheduler = CommonOptions.MaybeFile(
        "--scheduler-config",
        "A KubeSchedulerConfiguration: profiles, which pods choose by schedulerName; the same for all silos.");
    private readonly FileOption _encryption = CommonOptions.MaybeFile(
        KeptOptions.Encryption,
        "An EncryptionConfiguration: what PostgreSQL holds encrypted, and the keys; the same for all silos of a "
            + "cluster.");
    private readonly Option<bool?> _reload = new("--encryption-provider-config-automatic-reload")
    {
        Description = "Read that again when it changes. Default: false.",
    };
    private readonly SecretOption _logs = CommonOptions.MaybeSecret(
        "--otlp-logs-endpoint",
        "Where the central logs are sent, too, by OTLP over HTTP (protobuf), such as http://127.0.0.1:4318.");
    private readonly ServiceAccountOptions _accounts = new();
    private readonly SignInOptions _signIn = new();
    private readonly FrontProxyOptions _proxies = new();
    private readonly AccessOptions _access = new();
    private readonly CloudOptions _cloud = new();
    private readonly PodAndEventOptions _objects = new();
    private readonly AuditOptions _audit = new();
    private readonly TelemetrySiloOptions _telemetry = new();
    private readonly RemoteWriteOption _remoteWrite = new();
    private readonly TransportSecurityOption _transport = new();
    private readonly CrossOriginOption _origins = new();
    private readonly TlsOptions _tls = new();
    private readonly AddOnOptions _addOns = new();

    /// <summary>All of them, by theme.</summary>
    public IReadOnlyList<OptionGroup> Groups =>
    [
        new("Who signs in", [_tokens, .. _signIn.All]),
        new("Tokens of service accounts", [.. _accounts.All]),
        new("Who decides what is allowed", [.. _access.All]),
        new("Admission, scheduling, cloud", [_admission, _scheduler, .. _cloud.All]),
        new("Pods and Events", [.. _objects.All]),
        new("What the store holds encrypted", _encryption, _reload),
        new("Audit", [.. _audit.All]),
        new("Logs, metrics, dashboards", [.. _addOns.All]),
        new("What is sent elsewhere", [_logs, .. _telemetry.All, .. _remoteWrite.All]),
        new("Proxies in front of the API, and servers behind it", [.. _proxies.All]),
        new("What browsers are told", [.. _transport.All, .. _origins.All]),
        new("TLS", [.. _tls.All]),
    ];

    private IEnumerable<Option> All => Groups.SelectMany(static g => g.Options);

    public bool Has(string name) => All.Any(o => o.Name == name);

    /// <summary>What was said on a command line, so that it means the same in every directory.</summary>
    public IReadOnlyDictionary<string, string[]> Given(ParseResult parsed) => All
        .Select(o => (Option: o, Result: parsed.GetResult(o)))
        .Where(static o => o.Result is { Implicit: false })
        .ToDictionary(
            static o => o.Option.Name,
            static o => o.Result!.Tokens
                .Select(t => Full(o.Option, t.Value)).ToArray(),
            StringComparer.Ordinal);

    /// <summary>A silo's options with these in them.</summary>
    public SiloOptions Over(SiloOptions silo, ParseResult parsed) => _objects.Over(silo, parsed) with
    {
        TokenFile = parsed.GetValue(_tokens),
        ServiceAccounts = _accounts.Read(parsed),
        AdmissionFile = parsed.GetValue(_admission),
        SchedulerFile = parsed.GetValue(_scheduler),
        EncryptionFile = parsed.GetValue(_encryption),
        ReloadsEncryption = parsed.GetValue(_reload) ?? false,
        LogExport = LogExportOf(parsed.GetValue(_logs)),
        SignIn = _signIn.Read(parsed),
        FrontProxies = _proxies.Read(parsed),
        Access = _access.Read(parsed),
        Audit = _audit.Of(parsed),
        Cloud = _cloud.Read(parsed),
        Telemetry = _telemetry.Of(parsed),
        RemoteWrite = _remoteWrite.Of(parsed),
        AddOns = _addOns.Read(parsed),
        TransportSecurity = _transport.Read(parsed),
        CrossOrigins = _origins.Read(parsed),
        Tls = _tls.Read(parsed),
    };

    /// <summary>Fails, in one sentence, where a silo could not start with these arguments.</summary>
    /// <param name="arguments">Of <c>orc silo</c>, these options only.</param>
    public static void Check(IReadOnlyList<string> arguments)
    {
        var options = new ApiOptions();
        var command = new GroupedCommand("silo", "", options.Groups);
        var parsed = command.Parse(arguments);
        if (parsed.Errors is [var wrong, ..])
        {
            throw new UserErrorException(wrong.Message);
        }

        _ = SiloConfiguration.Read(options.Over(new SiloOptions(), parsed));
    }

    private static string Full(Option option, string value) => option switch
    {
        FileOption or FilesOption => FileOption.Full(value),
        NamedCertificatesOption => NamedCertificatesOption.Full(value),
        _ => value,
    };

    private static LogExportOptions? LogExportOf(string? endpoint) =>
        endpoint is null ? null
        : Uri.TryCreate(endpoint, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? new LogExportOptions { Endpoint = url! }
            : throw new UserErrorException($"--otlp-logs-endpoint: '{endpoint}' is no URL of http or https.");
}
