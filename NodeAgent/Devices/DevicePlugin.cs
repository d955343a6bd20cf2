using Grpc.Core;
using Grpc.Net.Client;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Devices.V1Beta1;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Numa;

namespace OrleansOrchestrator.NodeAgent.Devices;

/// <summary>What a device plugin was asked for cannot be had; the text is upstream's.</summary>
public sealed class DeviceException(string message) : Exception(message);

/// <summary>One plugin of devices at its socket, for as long as it tells of them.</summary>
public sealed class DevicePlugin : IDisposable
{
    private const string HealthyState = "Healthy";

    /// <summary>How long a plugin may take until it answers at all: upstream's.</summary>
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(10);

    /// <summary>How long it may take to get a container's devices ready: upstream's.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long it may take to give devices. Upstream waits for ever, and with it all pods of the node; here those with
    /// devices wait behind each other.
    /// </summary>
    private static readonly TimeSpan AllocatePatience = TimeSpan.FromMinutes(2);

    private readonly GrpcChannel _channel;
    private readonly V1Beta1.DevicePlugin.DevicePluginClient _client;
    private readonly CancellationTokenSource _end = new();

    private DevicePlugin(string resource, string socketPath)
    {
        Resource = resource;
        _channel = UnixChannels.Open(socketPath);
        _client = new V1Beta1.DevicePlugin.DevicePluginClient(_channel);
    }

    public string Resource { get; }

    private DevicePluginOptions Options { get; set; } = new();

    /// <summary>A <see cref="DeviceException"/> says why it cannot be.</summary>
    public static async Task<DevicePlugin> ConnectAsync(
        string resource, string socketPath, CancellationToken cancellationToken)
    {
        var plugin = new DevicePlugin(resource, socketPath);
        try
        {
            plugin.Options = await plugin._client.GetDevicePluginOptionsAsync(
                new Empty(), UnixChannels.Within(ConnectPatience, cancellationToken));
            return plugin;
        }
        catch (Exception failure) when (failure is RpcException or OperationCanceledException)
        {
            plugin.Dispose();
            throw new DeviceException($"failed to get device plugin options: {Text(failure)}");
        }
    }

    /// <summary>Tells of its devices, all of them each time, until it goes or is disposed of.</summary>
    public async Task FollowAsync(
        Action<IReadOnlyDictionary<string, bool>, IReadOnlyDictionary<string, NumaSet>> tell)
    {
        try
        {
            using var call = _client.ListAndWatch(new Empty(), cancellationToken: _end.Token);
            await foreach (var answer in call.ResponseStream.ReadAllAsync(_end.Token))
            {
                var devices = answer.Devices.GroupBy(static d => d.ID, StringComparer.Ordinal)
                    .ToDictionary(static d => d.Key, static d => d.Last(), StringComparer.Ordinal);
                tell(
                    devices.ToDictionary(
                        static d => d.Key, static d => d.Value.Health == HealthyState, StringComparer.Ordinal),
                    devices.Select(static d => (d.Key, Nodes: NodesOf(d.Value))).Where(static d => d.Nodes.Count > 0)
                        .ToDictionary(static d => d.Key, static d => d.Nodes, StringComparer.Ordinal));
            }
        }
        catch (Exception failure) when (
            failure is RpcException or OperationCanceledException or ObjectDisposedException)
        {
            // It has gone, or another has taken its place: whoever follows it sees that.
        }
    }

    /// <summary>Which devices it would choose; none where it has no opinion.</summary>
    public async Task<IReadOnlyCollection<string>> PreferAsync(
        DeviceChoice choice, CancellationToken cancellationToken)
    {
        if (!Options.GetPreferredAllocationAvailable)
        {
            return [];
        }

        var asked = new ContainerPreferredAllocationRequest { AllocationSize = choice.Fixed.Count + choice.Missing };
        asked.AvailableDeviceIDs.AddRange([.. choice.Fixed, .. choice.Free]);
        asked.MustIncludeDeviceIDs.AddRange(choice.Fixed);
        var request = new PreferredAllocationRequest { ContainerRequests = { asked } };
        var answer = await CallAsync(
            options => _client.GetPreferredAllocationAsync(request, options), StartPatience,
            "device plugin GetPreferredAllocation rpc failed with err: ", cancellationToken);
        return answer.ContainerResponses is [var first, ..] ? [.. first.DeviceIDs] : [];
    }

    /// <summary>What a container is to be given so that it has these devices.</summary>
    public async Task<ContainerAllocateResponse> AllocateAsync(
        IEnumerable<string> devices, CancellationToken cancellationToken)
    {
        var asked = new ContainerAllocateRequest();
        asked.DevicesIds.AddRange(devices);
        var answer = await CallAsync(
            options => _client.AllocateAsync(new AllocateRequest { ContainerRequests = { asked } }, options),
            AllocatePatience, "", cancellationToken);
        return answer.ContainerResponses is [var first, ..]
            ? first
            : throw new DeviceException($"no containers return in allocation response {answer}");
    }

    /// <summary>Has it make devices ready for a container that is about to start, where it wants to.</summary>
    public async Task PrepareAsync(IEnumerable<string> devices, CancellationToken cancellationToken)
    {
        if (Options.PreStartRequired)
        {
            var request = new PreStartContainerRequest();
            request.DevicesIds.AddRange(devices);
            await CallAsync(
                options => _client.PreStartContainerAsync(request, options), StartPatience,
                "device plugin PreStartContainer rpc failed with err: ", cancellationToken);
        }
    }

    public void Dispose()
    {
        _end.Cancel();
        _channel.Dispose();
    }

    private static NumaSet NodesOf(Device device) => NumaSet.Of(
        (device.Topology?.Nodes ?? []).Select(static n => n.ID).Where(static id => id is >= 0 and < NumaSet.Limit)
            .Select(static id => (int)id));

    private static async Task<T> CallAsync<T>(
        Func<CallOptions, AsyncUnaryCall<T>> call, TimeSpan patience, string about, CancellationToken cancellationToken)
    {
        try
        {
            return await UnixChannels.CallAsync(call, patience, cancellationToken);
        }
        catch (Exception failure) when (failure is RpcException or ObjectDisposedException)
        {
            throw new DeviceException(about + Text(failure));
        }
    }

    private static string Text(Exception failure) => failure is RpcException answer
        ? CriErrors.Text(answer)
        : "context deadline exceeded";
}
