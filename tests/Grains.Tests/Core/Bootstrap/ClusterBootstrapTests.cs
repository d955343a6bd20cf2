using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using OrleansOrchestrator.Grains.Core.Bootstrap;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Resources.Core.Services;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Bootstrap;

/// <summary>The endpoints of the API are of one family: that of its Service.</summary>
public sealed class ClusterBootstrapTests
{
    private const string Four = "192.0.2.1";
    private const string Six = "fd00:10:243::1";
    private const int Port = 6443;

    private readonly World _world = new();

    [Theory]
    [InlineData("10.96.0.0/16", "IPv4", Four)]
    [InlineData("fd00:10:96::/112", "IPv6", Six)]
    [InlineData("fd00:10:96::/112,10.96.0.0/16", "IPv6", Six)]
    public async Task Addresses_of_another_family_are_not_announced(string ranges, string family, string address)
    {
        await EnsureAsync(ranges, Four, Six);

        var slice = Slice()!;
        Assert.Equal(family, slice.AddressType);
        Assert.Equal([address], slice.Endpoints.SelectMany(static e => e.Addresses));
        var endpoints = _world.Api.Find<V1Endpoints>("default", "kubernetes")!;
        Assert.Equal([address], endpoints.Subsets.SelectMany(static s => s.Addresses).Select(static a => a.Ip));
    }

    [Fact]
    public async Task Nobody_of_the_family_being_there_is_not_announced()
    {
        await EnsureAsync("fd00:10:96::/112", Four);

        Assert.Null(Slice());
    }

    /// <summary>Its type is immutable.</summary>
    [Theory]
    [InlineData(Four)]
    [InlineData(Six)]
    public async Task A_slice_of_another_family_is_made_anew(string announced)
    {
        var old = _world.Api.Seed(BootstrapObjects.ApiEndpointSlice([announced], "IPv4", Port));

        await EnsureAsync("fd00:10:96::/112", Six);

        var slice = Slice()!;
        Assert.Equal(("IPv6", Six), (slice.AddressType, Assert.Single(slice.Endpoints[0].Addresses)));
        Assert.NotEqual(old.Metadata.Uid, slice.Metadata.Uid);
    }

    [Fact]
    public async Task A_slice_of_the_family_is_updated()
    {
        var old = _world.Api.Seed(BootstrapObjects.ApiEndpointSlice(["192.0.2.9"], "IPv4", Port));

        await EnsureAsync("10.96.0.0/16", Four);

        var slice = Slice()!;
        Assert.Equal((old.Metadata.Uid, Four), (slice.Metadata.Uid, Assert.Single(slice.Endpoints[0].Addresses)));
    }

    [Theory]
    [InlineData("10.96.0.0/16", "")]
    [InlineData(
        "10.97.0.0/16,fd00::/112",
        "The default ServiceCIDR [10.96.0.0/16] does not match the controller flag configurations "
            + "[10.97.0.0/16 fd00::/112]")]
    public async Task Another_range_than_the_clusters_is_told_of(string ranges, string message)
    {
        _world.Api.Seed(BootstrapObjects.ServiceRange(["10.96.0.0/16"]));
        await EnsureAsync(ranges, Four);
        await _world.Events.FlushAsync(default);
        Assert.Equal(message, string.Join('\n', _world.Api.All<Corev1Event>().Select(static e => e.Message)));
        Assert.Equal(
            message.Length == 0,
            _world.Api.Find<V1ServiceCIDR>("", "kubernetes")!.Status?.Conditions?.Any(static c => c.Type == "Ready")
                == true);
    }

    private V1EndpointSlice? Slice() => _world.Api.Find<V1EndpointSlice>("default", "kubernetes");

    private async Task EnsureAsync(string ranges, params string[] addresses)
    {
        using var bootstrap = new ClusterBootstrap(
            _world.Api, Options.Create(new BootstrapOptions { ApiAddresses = addresses, ApiPort = Port }),
            new ServiceAddressRange(ranges, 30000, 32767), new OwnApiServer(), _world.Time,
            NullLogger<ClusterBootstrap>.Instance, _world.Events);
        await bootstrap.EnsureAsync(default);
    }
}
