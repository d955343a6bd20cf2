using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Dra;
using OrleansOrchestrator.NodeAgent.Dra.HealthV1Alpha1;
using OrleansOrchestrator.NodeAgent.Dra.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Plugins;
using OrleansOrchestrator.NodeAgent.Plugins.V1;
using OrleansOrchestrator.TestKit.Remote;
using OldApi = OrleansOrchestrator.NodeAgent.Dra.V1Beta1.DRAPlugin;

namespace OrleansOrchestrator.NodeAgent.Tests.Support;

/// <summary>
/// A plugin of a driver of dynamic resources on a unix socket: it prepares one device for each claim, named after the
/// claim, unless a test says otherwise, and tells of their health what a test says.
/// </summary>
internal sealed class FakeDraDriver : IAsyncDisposable
{
    public const string DefaultName = "gpu.example.com";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-dra-");
    private readonly ConcurrentQueue<string> _calls = new();
    private readonly Channel<NodeWatchResourcesResponse> _health =
        Channel.CreateUnbounded<NodeWatchResourcesResponse>();
    private readonly bool _tellsHealth;
    private WebApplication? _app;
    private GrpcServer? _registration;

    private FakeDraDriver(string name, string service, bool tellsHealth)
    {
        _tellsHealth = tellsHealth;
        Self = new Plugin(name, Path.Combine(_directory.FullName, "dra.sock"), [service]);
    }

    /// <summary>What it says at its registration.</summary>
    public Plugin Self { get; }

    public string Name => Self.Name;

    /// <summary>What it was asked for, with the names of the claims.</summary>
    public IReadOnlyList<string> Calls => [.. _calls];

    /// <summary>Comes before each answer, with the method's name: throws, waits, or lets it be.</summary>
    public Func<string, CancellationToken, Task> Mood { get; set; } = static (_, _) => Task.CompletedTask;

    /// <summary>What it prepares for a claim; null to say nothing of it.</summary>
    public Func<Claim, NodePrepareResourceResponse?> Prepare { get; set; } = Prepared;

    /// <summary>Why it does not take claims back; empty when it does.</summary>
    public string Refusal { get; set; } = "";

    public static async Task<FakeDraDriver> StartAsync(
        string name = DefaultName, string service = "v1.DRAPlugin", bool tellsHealth = false)
    {
        var driver = new FakeDraDriver(name, service, tellsHealth);
        await driver.StartAsync();
        return driver;
    }

    /// <summary>One device, by the claim's name.</summary>
    public static NodePrepareResourceResponse Prepared(Claim claim) => new()
    {
        Devices = { new Device { PoolName = "pool", DeviceName = claim.Name, CdiDeviceIds = { CdiId(claim.Name) } } },
    };

    public static string CdiId(string device) => $"example.com/gpu={device}";

    /// <summary>Answers at its socket, again after it was stopped.</summary>
    public async Task StartAsync()
    {
        _app = UnixServers.Build(
            Self.Endpoint, NullLoggerFactory.Instance, services => services.AddSingleton(this), app =>
            {
                app.MapGrpcService<Newest>();
                app.MapGrpcService<Old>();
                if (_tellsHealth)
                {
                    app.MapGrpcService<Teller>();
                }
            });
        await _app.StartAsync();
    }

    /// <summary>Ends as a crash would: its connections end, and nobody is told.</summary>
    public async Task StopAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app!.StopAsync(now.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _app.DisposeAsync();
        File.Delete(Self.Endpoint);
        _app = null;
    }

    /// <summary>Its socket appears where plugins register.</summary>
    public async Task<string> AppearAsync(NodeAgentOptions options)
    {
        _registration = await GrpcServer.StartAsync(PluginregistrationReflection.Descriptor.Services[0]);
        _registration.Answer = (_, request, _) => Task.FromResult<Google.Protobuf.IMessage>(
            request is RegistrationStatus
                ? new RegistrationStatusResponse()
                : new PluginInfo
                {
                    Type = "DRAPlugin", Name = Name, Endpoint = Self.Endpoint, SupportedVersions = { Self.Versions },
                });
        Directory.CreateDirectory(options.PluginsRegistryDirectory);
        var place = Path.Combine(options.PluginsRegistryDirectory, $"{Name}-reg.sock");
        File.CreateSymbolicLink(place, _registration.Endpoint["unix://".Length..]);
        return place;
    }

    /// <summary>Tells of devices of its pool whether they work; those with a minus in front do not.</summary>
    public Task TellAsync(params string[] devices) => _health.Writer.WriteAsync(new NodeWatchResourcesResponse
    {
        Devices =
        {
            devices.Select(static d => new DeviceHealth
            {
                Device = new DeviceIdentifier { PoolName = "pool", DeviceName = d.TrimStart('-') },
                Health = d.StartsWith('-') ? HealthStatus.Unhealthy : HealthStatus.Healthy,
            }),
        },
    }).AsTask();

    public async ValueTask DisposeAsync()
    {
        _health.Writer.TryComplete();
        if (_app is not null)
        {
            await StopAsync();
        }

        if (_registration is not null)
        {
            await _registration.DisposeAsync();
        }

        _directory.Delete(recursive: true);
    }

    private async Task<NodePrepareResourcesResponse> PrepareAsync(
        string api, NodePrepareResourcesRequest request, CancellationToken cancellationToken)
    {
        _calls.Enqueue($"{api}prepare {Text(request.Claims)}");
        await Mood("NodePrepareResources", cancellationToken);
        var answer = new NodePrepareResourcesResponse();
        foreach (var claim in request.Claims)
        {
            if (Prepare(claim) is { } prepared)
            {
                answer.Claims[claim.Uid] = prepared;
            }
        }

        return answer;
    }

    private async Task<NodeUnprepareResourcesResponse> UnprepareAsync(
        string api, NodeUnprepareResourcesRequest request, CancellationToken cancellationToken)
    {
        _calls.Enqueue($"{api}unprepare {Text(request.Claims)}");
        await Mood("NodeUnprepareResources", cancellationToken);
        var answer = new NodeUnprepareResourcesResponse();
        foreach (var claim in request.Claims)
        {
            answer.Claims[claim.Uid] = new NodeUnprepareResourceResponse { Error = Refusal };
        }

        return answer;
    }

    private static string Text(IEnumerable<Claim> claims) => string.Join(',', claims.Select(static c => c.Name));

    private sealed class Newest(FakeDraDriver driver) : DRAPlugin.DRAPluginBase
    {
        public override Task<NodePrepareResourcesResponse> NodePrepareResources(
            NodePrepareResourcesRequest request, ServerCallContext context) =>
            driver.PrepareAsync("", request, context.CancellationToken);

        public override Task<NodeUnprepareResourcesResponse> NodeUnprepareResources(
            NodeUnprepareResourcesRequest request, ServerCallContext context) =>
            driver.UnprepareAsync("", request, context.CancellationToken);
    }

    private sealed class Old(FakeDraDriver driver) : OldApi.DRAPluginBase
    {
        public override Task<NodePrepareResourcesResponse> NodePrepareResources(
            NodePrepareResourcesRequest request, ServerCallContext context) =>
            driver.PrepareAsync("old ", request, context.CancellationToken);

        public override Task<NodeUnprepareResourcesResponse> NodeUnprepareResources(
            NodeUnprepareResourcesRequest request, ServerCallContext context) =>
            driver.UnprepareAsync("old ", request, context.CancellationToken);
    }

    private sealed class Teller(FakeDraDriver driver) : DRAResourceHealth.DRAResourceHealthBase
    {
        public override async Task NodeWatchResources(
            NodeWatchResourcesRequest request, IServerStreamWriter<NodeWatchResourcesResponse> responseStream,
            ServerCallContext context)
        {
            await foreach (var told in driver._health.Reader.ReadAllAsync(context.CancellationToken))
            {
                await responseStream.WriteAsync(told, context.CancellationToken);
            }
        }
    }
}
