using System.Collections.Concurrent;
using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Csi.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Plugins.V1;
using OrleansOrchestrator.TestKit.Remote;
using Ability = OrleansOrchestrator.NodeAgent.Csi.V1.NodeServiceCapability.Types.RPC.Types.Type;

namespace OrleansOrchestrator.NodeAgent.Tests.Support;

/// <summary>
/// A driver of CSI on a unix socket: it stages a file system in memory, publishes it by a bind mount, as drivers do,
/// and answers again what it did; it fails, hangs and knows as much as a test says.
/// </summary>
internal sealed class FakeCsiDriver : IAsyncDisposable
{
    public const string Name = "fake.csi.example.com";

    private readonly GrpcServer _node;
    private readonly GrpcServer _registration;
    private readonly ConcurrentQueue<IMessage> _asked = new();
    private readonly Channel<RegistrationStatus> _told = Channel.CreateUnbounded<RegistrationStatus>();

    private FakeCsiDriver(GrpcServer node, GrpcServer registration)
    {
        (_node, _registration) = (node, registration);
        _node.Answer = AnswerAsync;
        _registration.Answer = RegisterAsync;
        Self = new PluginInfo
        {
            Type = "CSIPlugin", Name = Name, Endpoint = Socket, SupportedVersions = { "1.0.0" },
        };
    }

    /// <summary>Where its Node service is.</summary>
    public string Socket => PathOf(_node);

    /// <summary>What it says at its registration.</summary>
    public PluginInfo Self { get; }

    public HashSet<Ability> Abilities { get; } = [Ability.StageUnstageVolume];

    /// <summary>The device that its block volumes are.</summary>
    public string Device { get; set; } = "";

    public NodeGetInfoResponse Info { get; } = new() { NodeId = "id-of-node" };

    public NodeGetVolumeStatsResponse Stats { get; } = new();

    /// <summary>Comes before each answer, with the method's name: throws, waits, or lets it be.</summary>
    public Func<string, CancellationToken, Task> Mood { get; set; } = static (_, _) => Task.CompletedTask;

    /// <summary>Names of the calls that matter, in their order: not those that only ask what it can do.</summary>
    public IReadOnlyList<string> Calls =>
        [.. _node.Calls.Where(static c => c is not ("NodeGetCapabilities" or "NodeGetInfo"))];

    public static async Task<FakeCsiDriver> StartAsync() => new(
        await GrpcServer.StartAsync(CsiReflection.Descriptor.Services[0]),
        await GrpcServer.StartAsync(PluginregistrationReflection.Descriptor.Services[0]));

    public static RpcException Refusal(StatusCode code, string detail) => new(new Status(code, detail));

    /// <summary>Refuses that method from now on, or only once.</summary>
    public void Refuse(string method, StatusCode code, string detail, bool once = false) => Mood = (called, _) =>
    {
        if (called != method)
        {
            return Task.CompletedTask;
        }

        Mood = once ? static (_, _) => Task.CompletedTask : Mood;
        throw Refusal(code, detail);
    };

    /// <summary>The last request of that kind.</summary>
    public T Last<T>()
        where T : IMessage => _asked.OfType<T>().Last();

    /// <summary>Its socket appears where plugins register.</summary>
    public string Appear(NodeAgentOptions options)
    {
        Directory.CreateDirectory(options.PluginsRegistryDirectory);
        var place = Path.Combine(options.PluginsRegistryDirectory, $"{Name}-reg.sock");
        File.CreateSymbolicLink(place, PathOf(_registration));
        return place;
    }

    /// <summary>What it is told next of its registration.</summary>
    public async Task<RegistrationStatus> ToldAsync(CancellationToken cancellationToken) =>
        await _told.Reader.ReadAsync(cancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);

    /// <summary>What the cluster says of it.</summary>
    public static V1CSIDriver Definition(Action<V1CSIDriverSpec>? change = null)
    {
        var spec = new V1CSIDriverSpec
        {
            AttachRequired = false, FsGroupPolicy = "ReadWriteOnceWithFSType", VolumeLifecycleModes = ["Persistent"],
        };
        change?.Invoke(spec);
        return new V1CSIDriver { Metadata = new V1ObjectMeta { Name = Name }, Spec = spec };
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        await _registration.DisposeAsync();
    }

    private static string PathOf(GrpcServer server) => server.Endpoint["unix://".Length..];

    private Task<IMessage> RegisterAsync(string method, IMessage request, CancellationToken cancellationToken)
    {
        if (request is RegistrationStatus status)
        {
            _told.Writer.TryWrite(status);
            return Task.FromResult<IMessage>(new RegistrationStatusResponse());
        }

        return Task.FromResult<IMessage>(Self);
    }

    private async Task<IMessage> AnswerAsync(string method, IMessage request, CancellationToken cancellationToken)
    {
        _asked.Enqueue(request);
        await Mood(method, cancellationToken);
        return request switch
        {
            NodeGetInfoRequest => Info,
            NodeGetCapabilitiesRequest => Able(),
            NodeStageVolumeRequest stage => Stage(stage),
            NodePublishVolumeRequest publish => Publish(publish),
            NodeUnpublishVolumeRequest unpublish => Unpublish(unpublish),
            NodeUnstageVolumeRequest unstage => Unstage(unstage),
            NodeExpandVolumeRequest expand => new NodeExpandVolumeResponse
            {
                CapacityBytes = expand.CapacityRange.RequiredBytes,
            },
            NodeGetVolumeStatsRequest => Stats,
            _ => throw Refusal(StatusCode.Unimplemented, method),
        };
    }

    private NodeGetCapabilitiesResponse Able() => new()
    {
        Capabilities =
        {
            Abilities.Select(static a => new NodeServiceCapability
            {
                Rpc = new NodeServiceCapability.Types.RPC { Type = a },
            }),
        },
    };

    private static NodeStageVolumeResponse Stage(NodeStageVolumeRequest request)
    {
        if (request.VolumeCapability.Block is null)
        {
            MountMemory(request.StagingTargetPath);
        }

        return new NodeStageVolumeResponse();
    }

    private NodePublishVolumeResponse Publish(NodePublishVolumeRequest request)
    {
        if (request.VolumeCapability.Block is not null)
        {
            File.Create(request.TargetPath).Dispose();
            Linux.Mount(Device, request.TargetPath, "", Linux.MountBind, "");
            return new NodePublishVolumeResponse();
        }

        Directory.CreateDirectory(request.TargetPath);
        if (request.StagingTargetPath.Length == 0)
        {
            MountMemory(request.TargetPath);
        }
        else if (!MountPoints.Contains(request.TargetPath))
        {
            Linux.Mount(request.StagingTargetPath, request.TargetPath, "", Linux.MountBind, "");
        }

        return new NodePublishVolumeResponse();
    }

    private static NodeUnpublishVolumeResponse Unpublish(NodeUnpublishVolumeRequest request)
    {
        Linux.Unmount(request.TargetPath);
        if (Directory.Exists(request.TargetPath))
        {
            Directory.Delete(request.TargetPath);
        }
        else
        {
            File.Delete(request.TargetPath);
        }

        return new NodeUnpublishVolumeResponse();
    }

    private static NodeUnstageVolumeResponse Unstage(NodeUnstageVolumeRequest request)
    {
        Linux.Unmount(request.StagingTargetPath);
        return new NodeUnstageVolumeResponse();
    }

    private static void MountMemory(string path)
    {
        if (!MountPoints.Contains(path))
        {
            Linux.Mount("tmpfs", path, "tmpfs", 0, "");
        }
    }
}
