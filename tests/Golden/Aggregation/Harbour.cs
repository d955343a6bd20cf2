using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using k8s.Models;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans;
using OrleansOrchestrator.Grains.ApiRegistration.ApiServices;
using OrleansOrchestrator.Grains.Core.ConfigMaps;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Remote;
using Xunit;

namespace OrleansOrchestrator.Golden.Aggregation;

/// <summary>
/// The API with kubectl in front of it and servers behind it; what controllers do for those, a test has done.
/// </summary>
internal sealed class Harbour : IAsyncDisposable
{
    private const string Aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TestAuthority _authority = new();
    private readonly List<TestRemote> _remotes = [];
    private readonly string _home = Directory.CreateTempSubdirectory().FullName;

    private Harbour(GoldenHost host, TimeProvider time)
    {
        Host = host;
        Client = host.Services.GetRequiredService<IResourceClient>();
        Services = new ReconcilingServices(
            host.Services, Options.Create(new ControllersOptions()), time,
            new EventSink(Client, time, NullLogger<EventSink>.Instance),
            new GrainChildCursors(host.Services.GetRequiredService<IGrainFactory>()));
    }

    public GoldenHost Host { get; }

    public IResourceClient Client { get; }

    public ReconcilingServices Services { get; }

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    public static async Task<Harbour> StartAsync(TimeProvider? time = null) => new(
        await GoldenHost.StartAsync(
            configure: s => s.AddSingleton<IStartupFilter, ProtobufClientTests.TokenFilter>()),
        time ?? TimeProvider.System);

    /// <summary>The authority of proxies, and their names, as servers find them in their ConfigMap.</summary>
    public async Task<(X509Certificate2 Authority, string[] Names)> TrustAsync()
    {
        await new ClusterAuthenticationController(Services).ResyncAsync(Limit);
        var found = await Client.GetAsync<V1ConfigMap>(
            new ObjectKey("kube-system", "extension-apiserver-authentication"), ReadFreshness.Linearizable, Limit);
        var data = found.Required.Data;
        return (
            X509Certificate2.CreateFromPem(data["requestheader-client-ca-file"]),
            JsonSerializer.Deserialize<string[]>(data["requestheader-allowed-names"])!);
    }

    /// <summary>Starts a server behind a Service, and registers it for a group version.</summary>
    public async Task ServeAsync(string group, string version, Func<TestRemote, HttpContext, Task> answer)
    {
        var service = $"of-{group.Replace('.', '-')}";
        var remote = await TestRemote.StartAsync(
            _authority.Issue(["localhost", $"{service}.default.svc"]), answer, asksForCertificate: true);
        _remotes.Add(remote);
        var made = await Client.CreateAsync(
            new V1Service
            {
                Metadata = new V1ObjectMeta { Name = service, NamespaceProperty = "default" },
                Spec = new V1ServiceSpec { Type = "ExternalName", ExternalName = "localhost" },
            },
            Limit);
        Assert.True(made.Succeeded, made.Error?.Message);
        made = await Client.CreateAsync(
            new V1APIService
            {
                Metadata = new V1ObjectMeta { Name = $"{version}.{group}" },
                Spec = new V1APIServiceSpec
                {
                    Group = group, Version = version, GroupPriorityMinimum = 2000, VersionPriority = 10,
                    CaBundle = _authority.Bundle,
                    Service = new Apiregistrationv1ServiceReference
                    {
                        Name = service, NamespaceProperty = "default", Port = remote.Port,
                    },
                },
            },
            Limit);
        Assert.True(made.Succeeded, made.Error?.Message);
        await new ApiServiceReconciler(made.Value.Key, Services).ReconcileAsync(Limit);
        await DiscoveredAsync(group);
    }

    /// <summary>Runs kubectl, which is to say something.</summary>
    public async Task SaysAsync(string expected, string input, params string[] arguments)
    {
        using var kubectl = Start(arguments);
        var output = kubectl.StandardOutput.RestAsync();
        var errors = kubectl.StandardError.RestAsync();
        await kubectl.StandardInput.WriteAsync(input);
        kubectl.StandardInput.Close();
        await kubectl.EndedAsync();
        var said = $"{await output}\n{await errors}";
        Assert.True(
            said.Contains(expected, StringComparison.Ordinal), $"kubectl {string.Join(' ', arguments)}\n{said}");
    }

    /// <summary>Starts kubectl, for whoever wants to hear it as it goes on.</summary>
    public Process Start(params string[] arguments)
    {
        var kubectl = new Process
        {
            StartInfo = new ProcessStartInfo(Tools.Kubectl, ["--server", Host.Address.ToString(), .. arguments])
            {
                RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            },
        };
        kubectl.StartInfo.Environment["HOME"] = _home;
        kubectl.Start();
        return kubectl;
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        foreach (var remote in _remotes)
        {
            await remote.DisposeAsync();
        }

        _authority.Dispose();
        Directory.Delete(_home, recursive: true);
    }

    /// <summary>Waits until discovery has the group as its server tells it.</summary>
    private async Task DiscoveredAsync(string group)
    {
        using var http = new HttpClient { BaseAddress = Host.Address };
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/apis");
            request.Headers.TryAddWithoutValidation("Accept", Aggregated);
            using var response = await http.SendAsync(request, Limit);
            using var list = JsonDocument.Parse(
                Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync(Limit)));
            if (list.RootElement.GetProperty("items").EnumerateArray().Any(
                i => i.GetProperty("metadata").GetProperty("name").GetString() == group
                    && i.GetProperty("versions")[0].GetProperty("freshness").GetString() == "Current"))
            {
                return;
            }

            patience.Token.ThrowIfCancellationRequested();
        }
    }
}
