using Grpc.Core;
using Grpc.Net.Client;
using OrleansOrchestrator.NodeAgent.Csi.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using Ability = OrleansOrchestrator.NodeAgent.Csi.V1.NodeServiceCapability.Types.RPC.Types.Type;
using NodeService = OrleansOrchestrator.NodeAgent.Csi.V1.Node;

namespace OrleansOrchestrator.NodeAgent.Csi;

/// <summary>
/// A registered driver's Node service. Every call may take two minutes, as upstream gives it; what fails is an
/// <see cref="RpcException"/>.
/// </summary>
public sealed class CsiDriver : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly GrpcChannel _channel;
    private readonly NodeService.NodeClient _node;

    public CsiDriver(string name, string endpoint, Version version)
    {
        (Name, Version) = (name, version);
        _channel = UnixChannels.Open(endpoint);
        _node = new NodeService.NodeClient(_channel);
    }

    public string Name { get; }

    /// <summary>The highest of its versions that the node speaks.</summary>
    public Version Version { get; }

    /// <summary>
    /// True when the driver will do nothing more of the operation that failed so; else it may still be at it, or has
    /// done it.
    /// </summary>
    public static bool IsFinal(RpcException failure) => failure.StatusCode is not
        (StatusCode.Cancelled or StatusCode.DeadlineExceeded or StatusCode.Unavailable or StatusCode.ResourceExhausted
            or StatusCode.Aborted);

    /// <summary>What the driver can do; asked for each operation, since it may have been replaced by another.</summary>
    public async Task<IReadOnlySet<Ability>> AbilitiesAsync(CancellationToken cancellationToken)
    {
        var answer = await CallAsync(
            static (node, request, options) => node.NodeGetCapabilitiesAsync(request, options),
            new NodeGetCapabilitiesRequest(), cancellationToken);
        return answer.Capabilities.Where(static c => c.Rpc is not null).Select(static c => c.Rpc.Type).ToHashSet();
    }

    public Task<NodeGetInfoResponse> InfoAsync(CancellationToken cancellationToken) => CallAsync(
        static (node, request, options) => node.NodeGetInfoAsync(request, options), new NodeGetInfoRequest(),
        cancellationToken);

    public Task StageAsync(NodeStageVolumeRequest request, CancellationToken cancellationToken) => CallAsync(
        static (node, request, options) => node.NodeStageVolumeAsync(request, options), request, cancellationToken);

    public Task UnstageAsync(NodeUnstageVolumeRequest request, CancellationToken cancellationToken) => CallAsync(
        static (node, request, options) => node.NodeUnstageVolumeAsync(request, options), request, cancellationToken);

    public Task PublishAsync(NodePublishVolumeRequest request, CancellationToken cancellationToken) => CallAsync(
        static (node, request, options) => node.NodePublishVolumeAsync(request, options), request, cancellationToken);

    public Task UnpublishAsync(NodeUnpublishVolumeRequest request, CancellationToken cancellationToken) => CallAsync(
        static (node, request, options) => node.NodeUnpublishVolumeAsync(request, options), request,
        cancellationToken);

    public Task ExpandAsync(NodeExpandVolumeRequest request, CancellationToken cancellationToken) => CallAsync(
        static (node, request, options) => node.NodeExpandVolumeAsync(request, options), request, cancellationToken);

    public Task<NodeGetVolumeStatsResponse> StatsAsync(
        NodeGetVolumeStatsRequest request, CancellationToken cancellationToken) => CallAsync(
        static (node, request, options) => node.NodeGetVolumeStatsAsync(request, options), request,
        cancellationToken);

    public void Dispose() => _channel.Dispose();

    private async Task<TAnswer> CallAsync<TRequest, TAnswer>(
        Func<NodeService.NodeClient, TRequest, CallOptions, AsyncUnaryCall<TAnswer>> call, TRequest request,
        CancellationToken cancellationToken)
    {
        try
        {
            return await UnixChannels.CallAsync(
                options => call(_node, request, options), Patience, cancellationToken);
        }
        catch (ObjectDisposedException)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, $"driver {Name} has gone"));
        }
    }
}
