using k8s.Models;
using OrleansOrchestrator.Interfaces.Core.Services;
using OrleansOrchestrator.Resources.Core.Services;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.Services;

public sealed class ServiceTransitionsTests
{
    private static readonly ServiceStrategy Strategy = new();

    [Fact]
    public void SendingTheSameManifestAgainKeepsWhatWasAllocated()
    {
        var old = Live(NodePortSpec(30123));
        var (item, errors, plan) = Update(new V1ServiceSpec { Type = "NodePort", Ports = [Port(80)] }, old);
        Assert.Empty(errors.All);
        Assert.True(plan.IsEmpty);
        Assert.Equal(("10.96.0.9", 30123), (item.Spec.ClusterIP, item.Spec.Ports[0].NodePort));
    }

    [Fact]
    public void BecomingExternalNameGivesEverythingBack()
    {
        var old = Live(NodePortSpec(30123));
        var spec = NodePortSpec(30123);
        (spec.Type, spec.ExternalName, spec.ClusterIP, spec.ClusterIPs) =
            ("ExternalName", "a.example", old.Spec.ClusterIP, old.Spec.ClusterIPs);
        (spec.IpFamilies, spec.IpFamilyPolicy) = (old.Spec.IpFamilies, old.Spec.IpFamilyPolicy);
        spec.ExternalTrafficPolicy = old.Spec.ExternalTrafficPolicy;
        var (item, errors, plan) = Update(spec, old);
        Assert.Empty(errors.All);
        Assert.True(plan.IsEmpty);
        Assert.Equal((null, null, null), (item.Spec.ClusterIP, item.Spec.IpFamilyPolicy, item.Spec.Ports[0].NodePort));
    }

    /// <summary>
    /// Upstream's <c>Test_ExternalNameServiceDropsInternalTrafficPolicy</c> and
    /// <c>Test_ConvertingToExternalNameServiceDropsInternalTrafficPolicy</c>.
    /// </summary>
    [Theory]
    [InlineData("Cluster", null)]
    [InlineData("Local", null)]
    [InlineData("Odd", "Odd")]
    public void AnExternalNameHasNoInternalPolicy(string policy, string? kept)
    {
        var spec = new V1ServiceSpec
        {
            Type = "ExternalName", ExternalName = "a.example", InternalTrafficPolicy = policy,
        };
        var made = new V1Service { Metadata = new V1ObjectMeta { Name = "s" }, Spec = spec };
        Strategy.PrepareForCreate(made);
        Assert.Equal(kept, made.Spec.InternalTrafficPolicy);

        spec.InternalTrafficPolicy = policy;
        var (item, errors, _) = Update(spec, Live(NodePortSpec(30123)));
        Assert.Equal(kept, item.Spec.InternalTrafficPolicy);
        Assert.Equal(kept is null, errors.Count == 0);
    }

    [Fact]
    public void BecomingClusterIPAsksForAnAddress()
    {
        var old = Live(new V1ServiceSpec { Type = "ExternalName", ExternalName = "a.example" });
        var (_, _, plan) = Update(new V1ServiceSpec { Type = "ClusterIP", Ports = [Port(80)] }, old);
        Assert.Equal("", plan.ClusterIP);
    }

    [Fact]
    public void ALoadBalancerWithLocalPolicyAsksForAHealthCheckPort()
    {
        var old = Live(NodePortSpec(30123));
        var spec = new V1ServiceSpec { Type = "LoadBalancer", ExternalTrafficPolicy = "Local", Ports = [Port(80)] };
        var (item, _, plan) = Update(spec, old);
        Assert.Equal([0], plan.NodePorts);
        Assert.Equal(0, plan.HealthCheckDemand);
        Assert.Equal(30123, item.Spec.Ports[0].NodePort);
    }

    [Fact]
    public void PortsWithOneNumberShareANodePort()
    {
        var spec = new V1ServiceSpec
        {
            Type = "NodePort",
            Ports = [new V1ServicePort { Name = "a", Port = 53, Protocol = "UDP" }, new V1ServicePort { Name = "b", Port = 53, Protocol = "TCP" }],
        };
        var plan = ServiceAddressPlan.For(spec, null, ServiceAddressRange.Default);
        plan.Apply(spec, new ServiceAddressAnswer { ClusterIP = "10.96.0.9", NodePorts = [30500] });
        Assert.Equal([30500, 30500], spec.Ports.Select(p => p.NodePort ?? 0));
    }

    private static (V1Service Item, FieldErrors Errors, ServiceAddressPlan Plan) Update(
        V1ServiceSpec spec, V1Service old)
    {
        var item = new V1Service { Metadata = old.Metadata, Spec = spec };
        Strategy.SetDefaults(item);
        var errors = new FieldErrors();
        ServiceAddressing.Prepare(item.Spec, old.Spec, ServiceAddressRange.Default, errors);
        var plan = ServiceAddressPlan.For(item.Spec, old.Spec, ServiceAddressRange.Default);
        plan.Apply(item.Spec, new ServiceAddressAnswer
        {
            ClusterIP = "10.96.0.10", NodePorts = [.. plan.NodePorts.Select(p => p == 0 ? 30999 : p)],
        });
        Strategy.PrepareForUpdate(item, old, "");
        Strategy.ValidateUpdate(item, old, "", errors);
        return (item, errors, plan);
    }

    private static V1Service Live(V1ServiceSpec spec)
    {
        var item = new V1Service { Metadata = new V1ObjectMeta { Name = "s", NamespaceProperty = "n", ResourceVersion = "1" }, Spec = spec };
        Strategy.SetDefaults(item);
        ServiceAddressing.Prepare(item.Spec, null, ServiceAddressRange.Default, new FieldErrors());
        ServiceAddressPlan.For(item.Spec, null, ServiceAddressRange.Default)
            .Apply(item.Spec, new ServiceAddressAnswer { ClusterIP = "10.96.0.9", NodePorts = [30123] });
        return item;
    }

    private static V1ServiceSpec NodePortSpec(int nodePort) =>
        new() { Type = "NodePort", Ports = [Port(80, nodePort)] };

    private static V1ServicePort Port(int port, int? nodePort = null) => new() { Port = port, NodePort = nodePort };
}
