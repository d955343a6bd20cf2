using Google.Protobuf;
using Grpc.Core;
using OrleansOrchestrator.Grains.Cloud.Remote.V1;

namespace OrleansOrchestrator.TestKit.Remote;

/// <summary>
/// A cloud behind gRPC that has a machine for every node, where the node says that it is, and nothing else. It knows of
/// none before it is told to.
/// </summary>
public sealed class FakeMachines : IAsyncDisposable
{
    public const string Zone = "sky-1a";
    public const string Region = "sky-1";
    public const string InstanceType = "small";

    private volatile bool _isKnown;
    private readonly GrpcServer _server;

    private FakeMachines(GrpcServer server)
    {
        _server = server;
        server.Answer = AnswerAsync;
    }

    /// <summary>Where it is.</summary>
    public string Endpoint => _server.Endpoint;

    public static async Task<FakeMachines> StartAsync() =>
        new(await GrpcServer.StartAsync(CloudReflection.Descriptor.Services[0]));

    /// <summary>What the cloud calls the machine of a node.</summary>
    public static string ProviderIdOf(string node) => $"sky://{node}";

    /// <summary>From now on the machines are known.</summary>
    public void MakeKnown() => _isKnown = true;

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private Task<IMessage> AnswerAsync(string method, IMessage request, CancellationToken gone) => request switch
    {
        GetCloudRequest => Task.FromResult<IMessage>(new GetCloudResponse { Name = "sky", HasInstances = true }),
        GetInstanceRequest get when _isKnown => Task.FromResult<IMessage>(Of(get.Node)),
        GetInstanceRequest => throw new RpcException(new Status(StatusCode.Unavailable, "still starting")),
        _ => throw new RpcException(new Status(StatusCode.Unimplemented, method)),
    };

    private static Instance Of(Node node) => new()
    {
        ProviderId = ProviderIdOf(node.Name), InstanceType = InstanceType, Zone = Zone, Region = Region,
        Addresses = { node.Addresses },
    };
}
