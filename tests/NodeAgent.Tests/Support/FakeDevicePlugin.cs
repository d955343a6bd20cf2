using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Devices.V1Beta1;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Tests.Support;

/// <summary>
/// A plugin of devices on a unix socket in the node's directory: it tells what a test says that it has, and gives each
/// device as a variable, a file of the host's and /dev/null under the device's name.
/// </summary>
internal sealed class FakeDevicePlugin : DevicePlugin.DevicePluginBase, IAsyncDisposable
{
    private readonly string _directory;
    private readonly Channel<ListAndWatchResponse> _lists = Channel.CreateUnbounded<ListAndWatchResponse>();
    private readonly ConcurrentQueue<string> _calls = new();
    private readonly WebApplication _app;

    private FakeDevicePlugin(string directory, string name)
    {
        (_directory, Endpoint) = (directory, name + ".sock");
        _app = UnixServers.Build(
            Path.Combine(directory, Endpoint), NullLoggerFactory.Instance, services => services.AddSingleton(this),
            static app => app.MapGrpcService<FakeDevicePlugin>());
    }

    /// <summary>The name of its socket.</summary>
    public string Endpoint { get; }

    public DevicePluginOptions Options { get; } = new();

    /// <summary>Which devices it prefers; none unless a test says so.</summary>
    public IReadOnlyList<string> Preferred { get; set; } = [];

    /// <summary>Why it gives none; null when it does.</summary>
    public string? Refusal { get; set; }

    public StatusCode RefusalCode { get; set; } = StatusCode.Unknown;

    /// <summary>Until when it was to have given devices, the last time that it was asked.</summary>
    public DateTime AllocateDeadline { get; private set; } = DateTime.MaxValue;

    /// <summary>What it was asked for, with the devices.</summary>
    public IReadOnlyList<string> Calls => [.. _calls];

    public static async Task<FakeDevicePlugin> StartAsync(string directory, string name = "fake")
    {
        Directory.CreateDirectory(directory);
        var plugin = new FakeDevicePlugin(directory, name);
        await plugin._app.StartAsync();
        return plugin;
    }

    /// <summary>Makes itself known at the node's socket.</summary>
    public async Task RegisterAsync(string resource, string version = "v1beta1")
    {
        using var channel = UnixChannels.Open(Path.Combine(_directory, "kubelet.sock"));
        await new Registration.RegistrationClient(channel).RegisterAsync(
            new RegisterRequest { Version = version, Endpoint = Endpoint, ResourceName = resource },
            new CallOptions().WithWaitForReady());
    }

    /// <summary>Tells what it has; those with a minus in front do not work.</summary>
    public void Tell(params string[] devices)
    {
        var list = new ListAndWatchResponse();
        list.Devices.AddRange(devices.Select(static d => new Device
        {
            ID = d.TrimStart('-'), Health = d.StartsWith('-') ? "Unhealthy" : "Healthy",
        }));
        _lists.Writer.TryWrite(list);
    }

    public override Task<DevicePluginOptions> GetDevicePluginOptions(Empty request, ServerCallContext context) =>
        Task.FromResult(Options);

    public override async Task ListAndWatch(
        Empty request, IServerStreamWriter<ListAndWatchResponse> responseStream, ServerCallContext context)
    {
        await foreach (var list in _lists.Reader.ReadAllAsync(context.CancellationToken))
        {
            await responseStream.WriteAsync(list, context.CancellationToken);
        }
    }

    public override Task<PreferredAllocationResponse> GetPreferredAllocation(
        PreferredAllocationRequest request, ServerCallContext context)
    {
        var asked = request.ContainerRequests[0];
        _calls.Enqueue(
            $"prefer {asked.AllocationSize} of {Text(asked.AvailableDeviceIDs)} with {Text(asked.MustIncludeDeviceIDs)}");
        return Task.FromResult(new PreferredAllocationResponse
        {
            ContainerResponses = { new ContainerPreferredAllocationResponse { DeviceIDs = { Preferred } } },
        });
    }

    public override Task<AllocateResponse> Allocate(AllocateRequest request, ServerCallContext context)
    {
        var devices = request.ContainerRequests[0].DevicesIds;
        _calls.Enqueue($"allocate {Text(devices)}");
        AllocateDeadline = context.Deadline;
        if (Refusal is { } refusal)
        {
            throw new RpcException(new Status(RefusalCode, refusal));
        }

        var given = new ContainerAllocateResponse
        {
            Envs = { ["FAKE_DEVICES"] = Text(devices) },
            Mounts = { new Mount { ContainerPath = "/fake", HostPath = "/etc/hostname", ReadOnly = true } },
            Annotations = { ["fake.example.com/devices"] = Text(devices) },
        };
        given.Devices.AddRange(devices.Select(static d => new DeviceSpec
        {
            ContainerPath = "/dev/" + d, HostPath = "/dev/null", Permissions = "rw",
        }));
        return Task.FromResult(new AllocateResponse { ContainerResponses = { given } });
    }

    public override Task<PreStartContainerResponse> PreStartContainer(
        PreStartContainerRequest request, ServerCallContext context)
    {
        _calls.Enqueue($"prepare {Text(request.DevicesIds)}");
        return Task.FromResult(new PreStartContainerResponse());
    }

    public ValueTask DisposeAsync()
    {
        _lists.Writer.TryComplete();
        return _app.DisposeAsync();
    }

    private static string Text(IEnumerable<string> devices) => string.Join(',', devices);
}
