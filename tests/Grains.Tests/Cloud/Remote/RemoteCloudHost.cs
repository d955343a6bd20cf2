using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Grains.Cloud.Remote;
using OrleansOrchestrator.TestKit.Remote;
using V1 = OrleansOrchestrator.Grains.Cloud.Remote.V1;

namespace OrleansOrchestrator.Grains.Tests.Cloud.Remote;

/// <summary>
/// A cloud behind gRPC, which keeps what it is told in memory, and fails, throttles, hangs and lies as a test says.
/// </summary>
internal sealed class RemoteCloudHost : IAsyncDisposable
{
    private readonly GrpcServer _server;

    private RemoteCloudHost(GrpcServer server)
    {
        _server = server;
        server.Answer = AnswerAsync;
        Options = new RemoteCloudOptions { Endpoint = server.Endpoint };
        Cloud = new RemoteCloud(Options, TimeProvider.System, NullLogger<RemoteCloud>.Instance);
    }

    public RemoteCloudOptions Options { get; }

    public RemoteCloud Cloud { get; }

    /// <summary>What it has.</summary>
    public V1.GetCloudResponse Has { get; } =
        new() { Name = "sky", HasInstances = true, HasLoadBalancers = true, HasRoutes = true };

    /// <summary>Machines by the name of their node.</summary>
    public Dictionary<string, V1.Instance> Machines { get; } = new(StringComparer.Ordinal);

    /// <summary>Load balancers by the uid of their Service: which nodes are behind them.</summary>
    public SortedDictionary<string, string> Balancers { get; } = new(StringComparer.Ordinal);

    public List<V1.Route> Routes { get; } = [];

    /// <summary>What a load balancer answers.</summary>
    public V1.LoadBalancer Balancer { get; set; } = new() { Ingress = { new V1.Ingress { Ip = "192.0.2.9" } } };

    /// <summary>The last Service that it was told of.</summary>
    public V1.Service? Service { get; private set; }

    /// <summary>Comes before each answer: throws, waits, or lets it be.</summary>
    public Func<string, CancellationToken, Task> Mood { get; set; } = static (_, _) => Task.CompletedTask;

    public IReadOnlyCollection<string> Calls => _server.Calls;

    public static async Task<RemoteCloudHost> StartAsync() =>
        new(await GrpcServer.StartAsync(V1.CloudReflection.Descriptor.Services[0]));

    /// <summary>A refusal, which may say when to come again.</summary>
    public static RpcException Refusal(StatusCode code, string detail, TimeSpan? retryDelay = null) => new(
        new Status(code, detail),
        retryDelay is { } delay
            ? Trailers(new V1.RetryInfo { RetryDelay = Duration.FromTimeSpan(delay) }.ToByteString())
            : []);

    public static Metadata Trailers(ByteString retryInfo)
    {
        var details = new V1.StatusDetails
        {
            Details =
            {
                new Any { TypeUrl = "type.googleapis.com/google.rpc.Help" },
                new Any { TypeUrl = "type.googleapis.com/google.rpc.RetryInfo", Value = retryInfo },
            },
        };
        return new Metadata { { "grpc-status-details-bin", details.ToByteArray() } };
    }

    public async ValueTask DisposeAsync()
    {
        Cloud.Dispose();
        await _server.DisposeAsync();
    }

    private async Task<IMessage> AnswerAsync(string method, IMessage request, CancellationToken gone)
    {
        await Mood(method, gone);
        lock (Machines)
        {
            return request switch
            {
                V1.GetCloudRequest => Has,
                V1.GetInstanceRequest get => Machines.GetValueOrDefault(get.Node.Name) ?? throw NotFound,
                V1.GetLoadBalancerRequest get => Balancers.ContainsKey(get.Service.Uid) ? Balancer : throw NotFound,
                V1.EnsureLoadBalancerRequest ensure => Put(ensure.Service, ensure.Nodes, Balancer),
                V1.UpdateLoadBalancerRequest update =>
                    Put(update.Service, update.Nodes, new V1.UpdateLoadBalancerResponse()),
                V1.DeleteLoadBalancerRequest delete =>
                    Balancers.Remove(delete.Service.Uid) ? new V1.DeleteLoadBalancerResponse() : throw NotFound,
                V1.ListRoutesRequest => new V1.ListRoutesResponse { Routes = { Routes } },
                V1.CreateRouteRequest create => Add(create),
                V1.DeleteRouteRequest delete =>
                    Routes.Remove(delete.Route) ? new V1.DeleteRouteResponse() : throw NotFound,
                _ => throw Refusal(StatusCode.Unimplemented, ""),
            };
        }
    }

    private static RpcException NotFound => Refusal(StatusCode.NotFound, "there is none");

    private IMessage Put(V1.Service service, IEnumerable<V1.Node> nodes, IMessage answer)
    {
        Service = service;
        Balancers[service.Uid] = string.Join(' ', nodes.Select(static n => n.Name));
        return answer;
    }

    private V1.CreateRouteResponse Add(V1.CreateRouteRequest create)
    {
        var route = create.Route.Clone();
        route.Name = $"{create.NameHint}-{route.DestinationCidr}";
        Routes.Add(route);
        return new V1.CreateRouteResponse();
    }
}
