using k8s.Models;
using OrleansOrchestrator.Resources.Discovery.EndpointSlices;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Networking.NetworkPolicies;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

/// <summary>Addresses that were accepted once stay where they are.</summary>
public sealed class NetworkRatchetTests
{
    private static readonly FieldPath Path = FieldPath.Of("spec", "externalIPs").Index(3);

    [Theory]
    [InlineData("010.1.2.3")]
    [InlineData("::ffff:1.2.3.4")]
    public void WhatAnObjectHasAlreadyMayStay(string address)
    {
        var old = new V1Service { Spec = new V1ServiceSpec { ExternalIPs = [address] } };
        Assert.True(NetworkRules.ValidateIp(Path, address, new FieldErrors { Before = old }));
        Assert.False(NetworkRules.ValidateIp(Path, address, new FieldErrors { Before = new V1Service() }));
        Assert.False(NetworkRules.ValidateIp(Path, address, new FieldErrors()));
    }

    /// <summary>The field is the same in every element of a list, and nowhere else.</summary>
    [Theory]
    [InlineData("spec.externalIPs", true)]
    [InlineData("spec.clusterIPs", false)]
    [InlineData("spec.selector.odd", false)]
    [InlineData("metadata.annotations.odd", false)]
    public void ItMayStayInItsFieldOnly(string field, bool stays)
    {
        const string Odd = "010.1.2.3";
        var old = new V1Service
        {
            Metadata = new V1ObjectMeta { Annotations = new Dictionary<string, string>() },
            Spec = new V1ServiceSpec { ExternalIPs = [], ClusterIPs = [], Selector = new Dictionary<string, string>() },
        };
        switch (field)
        {
            case "spec.externalIPs": old.Spec.ExternalIPs.Add(Odd); break;
            case "spec.clusterIPs": old.Spec.ClusterIPs.Add(Odd); break;
            case "spec.selector.odd": old.Spec.Selector["odd"] = Odd; break;
            default: old.Metadata.Annotations["odd"] = Odd; break;
        }

        Assert.Equal(stays, NetworkRules.ValidateIp(Path, Odd, new FieldErrors { Before = old }));
    }

    [Theory]
    [InlineData("spec.LoadBalancerSourceRanges[0]", "010.0.0.0/8")]
    [InlineData("metadata.annotations[service.beta.kubernetes.io/load-balancer-source-ranges]", "10.0.0.1/8")]
    public void SourceRangesMayStayWithTheirBlanks(string path, string range)
    {
        var old = new V1Service
        {
            Metadata = new V1ObjectMeta
            {
                Annotations = new Dictionary<string, string>
                {
                    ["service.beta.kubernetes.io/load-balancer-source-ranges"] = "10.0.0.1/8 , 10.0.0.0/9",
                },
            },
            Spec = new V1ServiceSpec { LoadBalancerSourceRanges = [" 010.0.0.0/8"] },
        };
        var at = path.StartsWith("spec", StringComparison.Ordinal)
            ? FieldPath.Of("spec", "LoadBalancerSourceRanges").Index(0)
            : FieldPath.Of("metadata", "annotations").Key("service.beta.kubernetes.io/load-balancer-source-ranges");
        Assert.Equal(path, at.ToString());
        Assert.True(NetworkRules.ValidateCidr(at, range, new FieldErrors { Before = old }));
        Assert.False(NetworkRules.ValidateCidr(at, "10.0.0.2/8", new FieldErrors { Before = old }));
    }

    [Fact]
    public void AddressesOfAPodMayStay() => Assert.True(NetworkRules.ValidateIp(
        FieldPath.Of("status", "podIPs").Index(0), "010.1.2.3",
        new FieldErrors
        {
            Before = new V1Pod { Status = new V1PodStatus { PodIPs = [new V1PodIP { Ip = "010.1.2.3" }] } },
        }));

    [Fact]
    public void RangesOfAPolicyMayStayAnywhereInIt()
    {
        V1NetworkPolicySpec Policy(string range) => new()
        {
            PodSelector = new V1LabelSelector(),
            Egress = [new V1NetworkPolicyEgressRule { To = [Peer(range)] }],
        };
        V1NetworkPolicyPeer Peer(string range, params string[] except) =>
            new() { IpBlock = new V1IPBlock { Cidr = range, Except = except } };
        var old = new V1NetworkPolicy
        {
            Spec = new V1NetworkPolicySpec
            {
                Ingress = [new V1NetworkPolicyIngressRule { FromProperty = [Peer("10.0.0.0/8", "10.0.0.1/16")] }],
            },
        };
        var errors = new FieldErrors { Before = old };
        new NetworkPolicyValidator(errors, old.Spec).Validate(Policy("10.0.0.1/16"));
        Assert.Empty(errors.All);
        new NetworkPolicyValidator(errors, old.Spec).Validate(Policy("10.0.0.2/16"));
        Assert.Equal(["spec.egress[0].to[0].ipBlock.cidr"], errors.All.Select(static e => e.Field));
    }

    /// <summary>Of slices all endpoints must be the same, as upstream judges such lists as a whole.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AddressesOfASliceMayStayWhileAllDo(bool changes)
    {
        V1EndpointSlice Slice(params string[] addresses) => new()
        {
            AddressType = "IPv4", Metadata = new V1ObjectMeta { Name = "s", NamespaceProperty = "n" },
            Endpoints = [.. addresses.Select(static a => new V1Endpoint { Addresses = [a] })], Ports = [],
        };
        var old = Slice("010.1.2.3", "10.1.2.4");
        var errors = new FieldErrors { Before = old };
        EndpointSliceRules.Validate(changes ? Slice("010.1.2.3") : Slice("010.1.2.3", "10.1.2.4"), old, errors);
        Assert.Equal(changes ? ["endpoints[0].addresses[0]"] : [], errors.All.Select(static e => e.Field));
    }

    [Fact]
    public void WhatIsNoAddressNeverIs() =>
        Assert.False(NetworkRules.ValidateIp(Path, "x",
            new FieldErrors { Before = new V1Service { Spec = new V1ServiceSpec { ExternalIPs = ["x"] } } }));
}
