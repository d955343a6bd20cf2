using k8s.Models;
using OrleansOrchestrator.Grains.Networking.IpAddresses;
using OrleansOrchestrator.Grains.Networking.ServiceCidrs;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>A further range of Services' addresses comes, is used, and goes when its last address does.</summary>
internal sealed class ServiceRangePlay : CrashPlay
{
    private IpAddressController _addresses = null!;

    protected override int Acts => 4;

    protected override void SetUp()
    {
        AddRange("first", "10.96.0.0/24");
        AddRange("further", "10.97.0.0/28");
        AddService("a", "10.96.0.10");
        AddService("b", "10.97.0.5");
        World.Api.Seed(IpAddressPlanner.New("10.97.0.6", new ObjectKey("default", "gone")));
    }

    protected override void Change(int act)
    {
        switch (act)
        {
            case 1:
                World.Api.Delete<V1ServiceCIDR>("", "further");
                break;
            case 2:
                World.Api.Delete<V1Service>("default", "b");
                AddService("c", "10.96.0.11");
                World.Time.Advance(IpAddressPlanner.OrphanGrace + TimeSpan.FromSeconds(1));
                break;
            case 3:
                World.Time.Advance(ServiceCidrPlanner.DeletionGrace);
                break;
        }
    }

    protected override void Step()
    {
        _addresses.ResyncAsync(default).GetAwaiter().GetResult();
        foreach (var key in World.Api.All<V1ServiceCIDR>().Select(r => r.Key()).ToList())
        {
            new ServiceCidrReconciler(key, World.Services).ReconcileAsync(default).GetAwaiter().GetResult();
        }
    }

    protected override void LoseMemory() => _addresses = new IpAddressController(World.Services);

    /// <summary>A range is there as long as a Service has an address of it.</summary>
    protected override void Check() => Assert.True(
        World.Api.Find<V1ServiceCIDR>("", "further") is not null || World.Api.Find<V1Service>("default", "b") is null);

    private void AddRange(string name, string cidr) => World.Api.Seed(new V1ServiceCIDR
    {
        Metadata = new V1ObjectMeta { Name = name }, Spec = new V1ServiceCIDRSpec { Cidrs = [cidr] },
    });

    private void AddService(string name, string address) => World.Api.Seed(new V1Service
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Spec = new V1ServiceSpec { ClusterIP = address, ClusterIPs = [address] },
    });
}
