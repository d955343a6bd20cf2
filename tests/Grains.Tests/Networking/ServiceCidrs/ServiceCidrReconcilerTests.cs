using k8s.Models;
using OrleansOrchestrator.Grains.Networking.IpAddresses;
using OrleansOrchestrator.Grains.Networking.ServiceCidrs;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Networking.ServiceCidrs;

public sealed class ServiceCidrReconcilerTests
{
    private const string Held =
        "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR";

    private readonly World _world = new();

    [Fact]
    public async Task A_range_is_protected_and_ready()
    {
        Add("mine", "10.97.0.0/28");
        await StepAsync();
        var item = Read()!;
        Assert.Equal(["networking.k8s.io/service-cidr-finalizer"], item.Metadata.Finalizers);
        Assert.Equal(("True", "", "Kubernetes Service CIDR is ready"), Ready());
        var writes = _world.Api.Writes;
        await StepAsync();
        Assert.Equal(writes, _world.Api.Writes);
    }

    [Fact]
    public async Task A_range_goes_when_nobody_has_an_address_of_it_and_all_have_heard()
    {
        Add("mine", "10.97.0.0/28");
        await StepAsync();
        Take("10.97.0.5");
        _world.Api.Delete<V1ServiceCIDR>("", "mine");
        await StepAsync();
        Assert.Equal(("False", "Terminating", Held), Ready());
        Assert.False(ServiceCidrPlanner.IsReady(Read()!));

        _world.Api.Delete<V1IPAddress>("", "10.97.0.5");
        var result = await StepAsync();
        Assert.Equal(ServiceCidrPlanner.DeletionGrace, result.After);
        Assert.NotNull(Read());

        _world.Time.Advance(ServiceCidrPlanner.DeletionGrace);
        await StepAsync();
        Assert.Null(Read());
    }

    [Theory]
    [InlineData("10.97.0.0/28", true)]
    [InlineData("10.97.0.0/24", true)]
    [InlineData("10.97.0.0/30", false)]
    [InlineData("10.97.0.4/30", true)]
    [InlineData("10.98.0.0/16", false)]
    public async Task Another_range_can_take_its_addresses_over(string other, bool goes)
    {
        Add("mine", "10.97.0.0/28");
        Add("other", other);
        await StepAsync();
        Take("10.97.0.5");
        _world.Api.Delete<V1ServiceCIDR>("", "mine");
        _world.Time.Advance(ServiceCidrPlanner.DeletionGrace);
        await StepAsync();
        Assert.Equal(goes, Read() is null);
    }

    private void Add(string name, params string[] cidrs) => _world.Api.Seed(new V1ServiceCIDR
    {
        Metadata = new V1ObjectMeta { Name = name }, Spec = new V1ServiceCIDRSpec { Cidrs = [.. cidrs] },
    });

    private void Take(string address) =>
        _world.Api.Seed(IpAddressPlanner.New(address, new ObjectKey("default", "web")));

    private Task<Grains.Kernel.ReconcileResult> StepAsync() =>
        new ServiceCidrReconciler(new ObjectKey("", "mine"), _world.Services).ReconcileAsync(default);

    private V1ServiceCIDR? Read() => _world.Api.Find<V1ServiceCIDR>("", "mine");

    private (string, string, string) Ready()
    {
        var condition = Assert.Single(Read()!.Status.Conditions);
        return (condition.Status, condition.Reason, condition.Message);
    }
}
