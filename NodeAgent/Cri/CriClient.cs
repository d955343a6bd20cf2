using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using OrleansOrchestrator.NodeAgent.Cri.ContainerdContent;
using OrleansOrchestrator.NodeAgent.Cri.ContainerdEvents;
using OrleansOrchestrator.NodeAgent.Cri.ContainerdSnapshots;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Cri;

/// <summary>
/// The one connection to the container runtime: CRI v1 over a unix socket. The channel reconnects by itself, so a
/// runtime that restarts is simply unavailable for a while; callers see <see cref="RpcException"/> and try again.
/// </summary>
public sealed class CriClient : IDisposable
{
    /// <summary>What one CRI answer may weigh: a list of all containers with their labels and annotations.</summary>
    private const int MaxMessageBytes = 16 * 1024 * 1024;

    private readonly GrpcChannel _channel;

    public CriClient(string socketPath)
    {
        SocketPath = socketPath;
        _channel = UnixChannels.Open(socketPath, MaxMessageBytes);
        var counted = _channel.Intercept(Calls);
        Runtime = new RuntimeService.RuntimeServiceClient(counted);
        Images = new ImageService.ImageServiceClient(counted);
        Events = new Events.EventsClient(_channel);
        Content = new Content.ContentClient(_channel);
        Snapshots = new Snapshots.SnapshotsClient(_channel);
    }

    public string SocketPath { get; }

    /// <summary>How many calls there were, and how long they took.</summary>
    public RuntimeCalls Calls { get; } = new();

    public RuntimeService.RuntimeServiceClient Runtime { get; }

    public ImageService.ImageServiceClient Images { get; }

    /// <summary>containerd's event stream: a hint to look again, never a source of truth.</summary>
    public Events.EventsClient Events { get; }

    /// <summary>containerd's content store: how far pulls are.</summary>
    public Content.ContentClient Content { get; }

    public Snapshots.SnapshotsClient Snapshots { get; }

    public void Dispose() => _channel.Dispose();

    /// <summary>True when the runtime answers within the bound; used while it starts.</summary>
    public async Task<bool> AnswersAsync(TimeSpan within, CancellationToken cancellationToken)
    {
        try
        {
            await UnixChannels.CallAsync(
                options => Runtime.VersionAsync(new VersionRequest { Version = "v1" }, options), within,
                cancellationToken);
            return true;
        }
        catch (RpcException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>What the runtime says it can do.</summary>
    public async Task<RuntimeAbilities> AbilitiesAsync(CancellationToken cancellationToken) =>
        RuntimeAbilities.From(
            await Runtime.StatusAsync(new StatusRequest(), cancellationToken: cancellationToken));
}
