using System.Security.Cryptography;
using k8s;
using k8s.Autorest;
using k8s.KubeConfigModels;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Node;

namespace OrleansOrchestrator.NodeAgent.Credentials;

/// <summary>
/// The node's certificates where the cluster gives them to it: a machine that has none begins with the token of
/// <c>--bootstrap-kubeconfig</c>, asks for one that says which node it is, and writes the kubeconfig that uses it
/// (upstream's <c>pkg/kubelet/certificate/bootstrap</c>).
/// </summary>
public sealed partial class NodeCredentials(NodeAgentOptions options, TimeProvider time, ILoggerFactory loggers)
{
    private const int TooManyRequests = 429;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(30);

    private readonly ILogger _logger = loggers.CreateLogger<NodeCredentials>();

    private Kubernetes? _begun;

    /// <summary>What the node shows the API.</summary>
    public CertificateFile Client { get; } = new(options.ClientCertificateFile);

    /// <summary>What it shows on its own port.</summary>
    public CertificateFile Serving { get; } = new(options.ServingCertificateFile);

    private string UnusedKeyFile => $"{options.ClientCertificateFile}.key.tmp";

    /// <summary>Returns when the node has a certificate that is good, and a kubeconfig.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (options.RotateServerCertificates)
        {
            Serving.Load();
        }

        if (options.BootstrapKubeconfig.Length == 0)
        {
            return;
        }

        if (RotationTimes.IsGood(Client.Load(), time.GetUtcNow()) && File.Exists(options.Kubeconfig))
        {
            return;
        }

        LogBegins(options.NodeName);
        using var key = UnusedKey();
        using var api = Begin();
        Client.Replace(await AskAsync(api, key, cancellationToken), key.ExportPkcs8PrivateKeyPem());
        WriteKubeconfig();
        File.Delete(UnusedKeyFile);
    }

    /// <summary>What came of the node's requests to the API.</summary>
    public ApiCallCounts Calls { get; } = new(time);

    /// <summary>
    /// Who asks for the next certificate: the node, or, when its own has ended meanwhile, the bearer of the token.
    /// </summary>
    public Func<IKubernetes> Asker(IKubernetes node) => () =>
        options.BootstrapKubeconfig.Length == 0 || RotationTimes.IsGood(Client.Current, time.GetUtcNow())
            ? node
            : _begun ??= Begin();

    /// <summary>As kubelets call themselves: filters of audit logs, and owners of fields, go by it.</summary>
    public static string UserAgent { get; } =
        $"kubelet/{NodeStatusComputer.KubeletVersion} (linux/{OciArchive.HostArchitecture}) orc-node";

    /// <summary>A client of the API that shows whatever certificate the node has at the moment.</summary>
    public Kubernetes Connect()
    {
        var configuration = KubernetesClientConfiguration.BuildConfigFromConfigFile(options.Kubeconfig);
        configuration.UserAgent = UserAgent;
        if (options.BootstrapKubeconfig.Length > 0)
        {
            configuration.FirstMessageHandlerSetup = handler =>
            {
                handler.PooledConnectionLifetime = TimeSpan.FromMinutes(1);
                handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => Client.Current!;
            };
        }

        return new Kubernetes(configuration, Calls.Handler());
    }

    private Kubernetes Begin() =>
        new(KubernetesClientConfiguration.BuildConfigFromConfigFile(options.BootstrapKubeconfig));

    /// <summary>A refusal is the end of it; that the API is away is not.</summary>
    private async Task<string> AskAsync(Kubernetes api, ECDsa key, CancellationToken cancellationToken)
    {
        var wish = CertificateWish.Client(options.NodeName);
        var requests = new SigningRequests(() => api, time, _logger);
        for (var delay = FirstDelay; ; delay = delay * 2 < MaxDelay ? delay * 2 : MaxDelay)
        {
            try
            {
                return await requests.AskAsync(wish, key, wish.FirstName(key), cancellationToken);
            }
            catch (HttpOperationException refused)
                when ((int?)refused.Response?.StatusCode is >= 400 and < 500 and not TooManyRequests)
            {
                throw new CertificateRefusedException(
                    $"The API refuses the request for the node's certificate ({refused.Response.StatusCode}): "
                        + refused.Response.Content.ReplaceLineEndings(" "));
            }
            catch (Exception failure) when (failure is HttpOperationException or HttpRequestException or IOException)
            {
                LogAway(failure.Message);
            }

            await Task.Delay(delay, time, cancellationToken);
        }
    }

    /// <summary>Kept until it has a certificate, so that a restart does not ask anew.</summary>
    private ECDsa UnusedKey()
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (File.Exists(UnusedKeyFile))
        {
            key.ImportFromPem(File.ReadAllText(UnusedKeyFile));
            return key;
        }

        OwnFiles.MakeMissing(Path.GetDirectoryName(UnusedKeyFile)!, OwnFiles.OwnersDirectory);
        OwnFiles.Write(UnusedKeyFile, key.ExportPkcs8PrivateKeyPem());
        return key;
    }

    /// <summary>The cluster is that of the token; the user is the file that is replaced while it is in use.</summary>
    private void WriteKubeconfig()
    {
        const string name = "default-auth";
        const string context = "default-context";
        var begun = KubernetesClientConfiguration.LoadKubeConfig(options.BootstrapKubeconfig);
        var place = begun.Contexts.Single(c => c.Name == begun.CurrentContext).ContextDetails;
        var written = new K8SConfiguration
        {
            ApiVersion = "v1",
            Kind = "Config",
            Clusters = [.. begun.Clusters.Where(c => c.Name == place.Cluster)],
            Users =
            [
                new User
                {
                    Name = name,
                    UserCredentials = new UserCredentials
                    {
                        ClientCertificate = options.ClientCertificateFile, ClientKey = options.ClientCertificateFile,
                    },
                },
            ],
            Contexts =
            [
                new Context
                {
                    Name = context, ContextDetails = new ContextDetails { Cluster = place.Cluster, User = name },
                },
            ],
            CurrentContext = context,
        };
        OwnFiles.MakeMissing(
            Path.GetDirectoryName(Path.GetFullPath(options.Kubeconfig))!, OwnFiles.OwnersDirectory);
        OwnFiles.Write(options.Kubeconfig, KubernetesYaml.Serialize(written));
    }

    [LoggerMessage(1, LogLevel.Information, "Node {Node} has no certificate, and asks for one with its token")]
    private partial void LogBegins(string node);

    [LoggerMessage(2, LogLevel.Warning, "The API does not answer yet: {Problem}")]
    private partial void LogAway(string problem);
}
