using k8s.Models;
using OrleansOrchestrator.Grains.Cloud;

namespace OrleansOrchestrator.Grains.Tests.Cloud;

/// <summary>
/// A cloud in memory. <see cref="Whim"/> decides before each call whether it fails, throttles, or does what it is told
/// and says that it failed.
/// </summary>
internal sealed class FakeCloud : ICloudProvider, ILoadBalancers, ICloudInstances, ICloudRoutes
{
    public string Name => "fake";

    public ILoadBalancers LoadBalancers => this;

    public ICloudInstances Instances => this;

    public ICloudRoutes Routes => this;

    /// <summary>Machines by the name of their node.</summary>
    public Dictionary<string, CloudInstance> Machines { get; } = new(StringComparer.Ordinal);

    /// <summary>Names of nodes whose machines are off.</summary>
    public HashSet<string> Off { get; } = new(StringComparer.Ordinal);

    public List<CloudRoute> Table { get; } = [];

    public Task<bool> ExistsAsync(V1Node node, CancellationToken cancellationToken) =>
        DoAsync("exists", () => Machines.ContainsKey(node.Metadata.Name));

    public Task<bool> IsShutdownAsync(V1Node node, CancellationToken cancellationToken) =>
        DoAsync("off", () => Off.Contains(node.Metadata.Name));

    public Task<CloudInstance?> DescribeAsync(V1Node node, CancellationToken cancellationToken) =>
        DoAsync("describe", () => Machines.GetValueOrDefault(node.Metadata.Name));

    public Task<IReadOnlyList<CloudRoute>> ListAsync(CancellationToken cancellationToken) =>
        DoAsync("list", () => (IReadOnlyList<CloudRoute>)[.. Table]);

    public Task CreateAsync(
        string nameHint, CloudRoute route, CancellationToken cancellationToken) => DoAsync("route", () =>
    {
        lock (Table)
        {
            Table.RemoveAll(r => r.Destination == route.Destination && r.TargetNode == route.TargetNode);
            Table.Add(route with { Name = $"{nameHint}-{route.Destination}", FollowsAddresses = true });
        }

        return true;
    });

    public Task DeleteAsync(CloudRoute route, CancellationToken cancellationToken) => DoAsync("unroute", () =>
    {
        lock (Table)
        {
            return Table.Remove(route);
        }
    });

    /// <summary>Names of the nodes behind each load balancer, by the Service's uid.</summary>
    public Dictionary<string, string> Balancers { get; } = new(StringComparer.Ordinal);

    /// <summary>Calls by name.</summary>
    public List<string> Calls { get; } = [];

    public Func<Mood> Whim { get; set; } = () => Mood.Honest;

    public Task<V1LoadBalancerStatus?> GetAsync(V1Service service, CancellationToken cancellationToken) => DoAsync(
        "get", () => Balancers.ContainsKey(service.Metadata.Uid) ? Status(service) : null);

    public Task<V1LoadBalancerStatus?> EnsureAsync(
        V1Service service, IReadOnlyList<V1Node> nodes, CancellationToken cancellationToken) => DoAsync("ensure", () =>
    {
        Balancers[service.Metadata.Uid] = Names(nodes);
        return (V1LoadBalancerStatus?)Status(service);
    });

    public Task<bool> UpdateAsync(
        V1Service service, IReadOnlyList<V1Node> nodes, CancellationToken cancellationToken) => DoAsync("update", () =>
    {
        Balancers[service.Metadata.Uid] = Names(nodes);
        return true;
    });

    public Task EnsureDeletedAsync(V1Service service, CancellationToken cancellationToken) =>
        DoAsync("delete", () => Balancers.Remove(service.Metadata.Uid));

    public static V1LoadBalancerStatus Status(V1Service service) => new()
    {
        Ingress = [new V1LoadBalancerIngress { Hostname = $"{service.Metadata.Name}.example.com" }],
    };

    private static string Names(IReadOnlyList<V1Node> nodes) =>
        string.Join(' ', nodes.Select(n => n.Metadata.Name).Order(StringComparer.Ordinal));

    private Task<T> DoAsync<T>(string call, Func<T> work)
    {
        Mood mood;
        lock (Calls)
        {
            Calls.Add(call);
            mood = Whim();
        }

        if (mood is Mood.Failing or Mood.Throttling)
        {
            throw new CloudException("not today", mood == Mood.Throttling ? TimeSpan.FromSeconds(7) : null);
        }

        var result = work();
        return mood == Mood.Lying ? throw new CloudException("it failed, or so it seems") : Task.FromResult(result);
    }
}
