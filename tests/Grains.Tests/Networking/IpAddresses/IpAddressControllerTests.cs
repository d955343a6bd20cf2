using k8s.Models;
using OrleansOrchestrator.Grains.Networking.IpAddresses;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Networking.IpAddresses;

public sealed class IpAddressControllerTests
{
    private readonly World _world = new();

    [Fact]
    public async Task Every_cluster_address_of_a_service_has_an_object()
    {
        Add("a", "10.96.0.10");
        Add("b", "10.96.0.11");
        Add("headless", "None");
        await StepAsync();
        Assert.Equal(["10.96.0.10 services default/a", "10.96.0.11 services default/b"], Objects());
        var item = _world.Api.Find<V1IPAddress>("", "10.96.0.10")!;
        Assert.Equal(("IPv4", "ipallocator.k8s.io"), (
            item.GetLabel("ipaddress.kubernetes.io/ip-family"), item.GetLabel("ipaddress.kubernetes.io/managed-by")));
        var writes = _world.Api.Writes;
        await StepAsync();
        Assert.Equal(writes, _world.Api.Writes);

        _world.Api.Delete<V1Service>("default", "a");
        await StepAsync();
        Assert.Equal(["10.96.0.11 services default/b"], Objects());
    }

    [Fact]
    public async Task What_says_something_else_is_put_right()
    {
        Add("a", "10.96.0.10");
        Add("b", "10.96.0.11");
        Seed("10.96.0.10", "services", "b");
        Seed("10.96.0.11", "gateways", "b");
        Seed("10.96.0.12", "services", "b");
        Seed("10.96.0.13", "gateways", "b");
        await StepAsync();
        Assert.Equal(["10.96.0.10 services default/a", "10.96.0.11 services default/b"], Objects());
    }

    [Fact]
    public async Task What_others_have_is_theirs()
    {
        Seed("10.96.0.10", "gateways", "g", manager: "example.com");
        Seed("10.96.0.11", "services", "gone", manager: "example.com");
        var writes = _world.Api.Writes;
        await StepAsync();
        Assert.Equal(writes, _world.Api.Writes);
    }

    private void Add(string name, string address) => _world.Api.Seed(new V1Service
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Spec = new V1ServiceSpec { ClusterIP = address, ClusterIPs = [address] },
    });

    private void Seed(string address, string resource, string name, string manager = "ipallocator.k8s.io") =>
        _world.Api.Seed(new V1IPAddress
        {
            Metadata = new V1ObjectMeta
            {
                Name = address,
                Labels = new Dictionary<string, string> { ["ipaddress.kubernetes.io/managed-by"] = manager },
            },
            Spec = new V1IPAddressSpec
            {
                ParentRef = new V1ParentReference { Resource = resource, NamespaceProperty = "default", Name = name },
            },
        });

    private Task StepAsync() => new IpAddressController(_world.Services).ResyncAsync(default);

    private IEnumerable<string> Objects() => _world.Api.All<V1IPAddress>().Select(i =>
        $"{i.Metadata.Name} {i.Spec.ParentRef.Resource} {i.Spec.ParentRef.NamespaceProperty}/{i.Spec.ParentRef.Name}");
}
