using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using k8s;
using k8s.Models;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Grains.Certificates.SigningRequests;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Security;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Rbac;
using OrleansOrchestrator.TestKit;

namespace OrleansOrchestrator.Golden.Nodes;

/// <summary>
/// The API over TLS with its roles, what <c>docs/examples/node-bootstrap.yaml</c> adds, and the controller of
/// certificates: where a machine can join by a token.
/// </summary>
public sealed class JoiningCluster : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("joining");
    private GoldenHost _host = null!;
    private Task _signing = Task.CompletedTask;
    private string _authority = "";

    private JoiningCluster()
    {
    }

    /// <summary>A client that may do everything.</summary>
    public Kubernetes Admin { get; private set; } = null!;

    private IResourceClient Client => _host.Services.GetRequiredService<IResourceClient>();

    /// <param name="signs">False where nobody approves or signs by itself.</param>
    public static async Task<JoiningCluster> StartAsync(bool signs = true)
    {
        var cluster = new JoiningCluster();
        cluster._host = await GoldenHost.StartAsync(
            disabledPlugins: [],
            configure: services => services.AddOptions<KestrelServerOptions>().Configure<TrustStore>(UseTls));
        var trust = cluster._host.Services.GetRequiredService<TrustStore>();
        cluster._authority = await trust.GetAuthorityPemAsync(CancellationToken.None);
        await cluster.EnsureAsync(BootstrapPolicy.ClusterRoles);
        await cluster.EnsureAsync(BootstrapPolicy.ClusterRoleBindings);
        cluster.Admin = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(
            cluster.Kubeconfig("admin.conf", GoldenHost.Token)));
        await cluster.ApplyExampleAsync();
        cluster._signing = signs ? cluster.SignAsync(cluster._stop.Token) : Task.CompletedTask;
        return cluster;
    }

    /// <summary>A file for a test's machine.</summary>
    public string PathOf(string name) => Path.Combine(_files.FullName, name);

    /// <summary>A kubeconfig with a token.</summary>
    public string Kubeconfig(string name, string token)
    {
        var authority = Convert.ToBase64String(Encoding.ASCII.GetBytes(_authority));
        var server = _host.Address.ToString().TrimEnd('/');
        File.WriteAllText(PathOf(name), $"""
            apiVersion: v1
            kind: Config
            clusters:
            - name: c
              cluster: {"{"}server: "{server}", certificate-authority-data: {authority}{"}"}
            users:
            - name: u
              user: {"{"}token: {token}{"}"}
            contexts:
            - name: x
              context: {"{"}cluster: c, user: u{"}"}
            current-context: x

            """);
        return PathOf(name);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _signing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        Admin.Dispose();
        await _host.DisposeAsync();
        _files.Delete(recursive: true);
    }

    // The identity is loaded before the server starts, which is when this is asked for.
    private static void UseTls(KestrelServerOptions kestrel, TrustStore trust)
    {
        var issued = trust.Signer.IssueAsync(
            new CertificateOrder
            {
                CommonName = "kube-apiserver", Organizations = [], IpAddresses = ["127.0.0.1"],
                Validity = TimeSpan.FromHours(1),
            },
            CancellationToken.None).GetAwaiter().GetResult();
        using var pem = X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem);
        var certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(new HttpsConnectionAdapterOptions
        {
            ServerCertificate = certificate,
            ClientCertificateMode = ClientCertificateMode.AllowCertificate,
            ClientCertificateValidation = (_, _, _) => true,
        }));
    }

    private async Task EnsureAsync<T>(IEnumerable<T> items)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var server = Client.As(new UserIdentity
        {
            Name = "system:apiserver", Groups = [SystemNames.Masters, SystemNames.Authenticated],
        });
        foreach (var item in items)
        {
            _ = (await server.CreateAsync(item, CancellationToken.None)).Required;
        }
    }

    private async Task ApplyExampleAsync()
    {
        var path = Repository.PathOf("docs", "examples", "node-bootstrap.yaml");
        foreach (var item in await KubernetesYaml.LoadAllFromFileAsync(path))
        {
            _ = item switch
            {
                V1Secret secret => (object)await Admin.CoreV1.CreateNamespacedSecretAsync(secret, "kube-system"),
                V1ClusterRole role => await Admin.RbacAuthorizationV1.CreateClusterRoleAsync(role),
                V1ClusterRoleBinding binding =>
                    await Admin.RbacAuthorizationV1.CreateClusterRoleBindingAsync(binding),
                _ => throw new InvalidOperationException($"{item} is not expected in {path}"),
            };
        }
    }

    private async Task SignAsync(CancellationToken cancellationToken)
    {
        var client = Client;
        using var events = new EventSink(client, TimeProvider.System, NullLogger<EventSink>.Instance);
        await using var services = new ServiceCollection()
            .AddSingleton(client)
            .AddSingleton<ICertificateSigner>(new Signer(_host.Services.GetRequiredService<TrustStore>()))
            .BuildServiceProvider();
        var reconciling = new ReconcilingServices(
            services, Options.Create(new ControllersOptions()), TimeProvider.System, events, new MemoryChildCursors());
        await foreach (var change in client.FollowAsync(WellKnown.CertificateSigningRequests, cancellationToken))
        {
            if (!ReferenceEquals(change, ResourceChange.Synced) && change.Kind != ChangeKind.Deleted)
            {
                await new SigningRequestReconciler(change.Object.Key, reconciling).ReconcileAsync(cancellationToken);
            }
        }
    }

    private sealed class Signer(TrustStore trust) : ICertificateSigner
    {
        public async ValueTask<string> SignAsync(SigningOrder order, CancellationToken cancellationToken) =>
            await trust.Signer.SignRequestAsync(order, cancellationToken);
    }
}
